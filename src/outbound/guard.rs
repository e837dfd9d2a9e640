//! Which addresses a request may go to.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use super::address::is_public;

/// Where a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// To the public internet, for an address that people typed in.
    Public,
    /// Anywhere, for an address that the operator has configured: by https, or by http to this machine.
    Configured,
}

/// Why a request may not be sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the address is no complete URL")]
    Malformed,
    #[error("the address must begin with https://")]
    NotHttps,
    #[error("the address must not have a user name or a password")]
    UserInfo,
    #[error("the address has a port that is not allowed")]
    Port,
    #[error("the address does not belong to the public internet")]
    NotPublic,
    #[error("the address is one of this server")]
    OwnAddress,
}

/// What the operator allows for addresses that people typed in.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub allows_private: bool,
    pub ports: Vec<u16>,
}

impl Guard {
    /// Checks what can be seen without asking for the addresses of a name.
    pub fn check(&self, url: &Url, reach: Reach) -> Result<(), Refusal> {
        let host = url.host().ok_or(Refusal::Malformed)?;
        if matches!(host, Host::Domain("")) {
            return Err(Refusal::Malformed);
        }
        let may_be_plain = match reach {
            Reach::Public => self.allows_private,
            Reach::Configured => is_loopback(&host),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && may_be_plain) {
            return Err(Refusal::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        if reach == Reach::Configured {
            return Ok(());
        }
        let port = url.port_or_known_default().ok_or(Refusal::Port)?;
        if !self.allows_private && !self.ports.contains(&port) {
            return Err(Refusal::Port);
        }
        // The resolver is not asked for these.
        match host {
            Host::Ipv4(four) => self.check_address(four.into(), reach),
            Host::Ipv6(six) => self.check_address(six.into(), reach),
            Host::Domain(_) => Ok(()),
        }
    }

    pub fn check_address(&self, address: IpAddr, reach: Reach) -> Result<(), Refusal> {
        if reach == Reach::Configured || self.allows_private || is_public(address) {
            Ok(())
        } else {
            Err(Refusal::NotPublic)
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(four) => four.is_loopback(),
        Host::Ipv6(six) => IpAddr::from(*six).to_canonical().is_loopback(),
    }
}
