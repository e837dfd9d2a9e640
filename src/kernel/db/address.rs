//! A connection string: where the database is, who logs in, and how the way to it is secured.
//!
//! The parameters are those of libpq. tokio-postgres knows all of them but how a certificate is checked, so `sslmode` and
//! `sslrootcert` are read here.

use std::{fmt::Write, path::PathBuf, str::FromStr};

use tokio_postgres::{
    Config, Connection, Socket,
    config::{ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::kernel::{Code, Error, Result};

/// Where a database is reached, and how.
#[derive(Clone)]
pub struct Address {
    config: Config,
    mode: Mode,
    roots: Option<Roots>,
    /// Made once, since it reads certificates.
    tls: MakeRustlsConnect,
}

/// What `sslmode` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Disable,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted, without a check of the certificate.
    Require,
    /// Encrypted to a server with a certificate of the authority.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

/// What `sslrootcert` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The authorities that the operating system trusts.
    System,
    /// PEM file of authorities, or of the server's own certificate.
    File(PathBuf),
}

/// The part of a connection that its owner has to poll.
pub type Driver = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

const MODES: [(&str, Mode); 5] = [
    ("disable", Mode::Disable),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (rest, given) = taken_out(text)?;
        let config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            refused(format!("the connection string is wrong: {reason}"))
        })?;
        let of = |name: &str| given.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let roots = of("sslrootcert").filter(|roots| !roots.is_empty()).map(|roots| match roots {
            "system" => Roots::System,
            file => Roots::File(file.into()),
        });
        let mode = of("sslmode").map(mode).transpose()?;
        let (mode, roots) = checked(mode, roots)?;
        Self::new(config, mode, roots)
    }
}

fn mode(name: &str) -> Result<Mode> {
    let known = MODES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
    known.ok_or_else(|| {
        let known: Vec<_> = MODES.iter().map(|(name, _)| *name).collect();
        refused(format!("sslmode={name} is unknown; there are {}", known.join(", ")))
    })
}

/// What goes together, as in libpq: with a file of authorities `require` checks them, and those of the system are no use
/// without the name, since anyone can get a certificate from them.
fn checked(mode: Option<Mode>, roots: Option<Roots>) -> Result<(Mode, Option<Roots>)> {
    match (mode, roots) {
        (None, Some(Roots::System)) => Ok((Mode::VerifyFull, Some(Roots::System))),
        (Some(mode), Some(Roots::System)) if mode < Mode::VerifyFull => {
            Err(refused("sslrootcert=system needs sslmode=verify-full"))
        }
        (Some(Mode::VerifyCa), None) => Err(refused("sslmode=verify-ca needs the authorities: sslrootcert=FILE")),
        (Some(Mode::VerifyFull), None) => Ok((Mode::VerifyFull, Some(Roots::System))),
        (Some(Mode::Require), roots @ Some(_)) => Ok((Mode::VerifyCa, roots)),
        (mode, roots) => Ok((mode.unwrap_or(Mode::Prefer), roots)),
    }
}

impl Address {
    fn new(mut config: Config, mode: Mode, roots: Option<Roots>) -> Result<Self> {
        // As in libpq: nothing that goes through a Unix socket leaves the machine.
        let is_file = |host: &Host| !matches!(host, Host::Tcp(_));
        let is_socket = config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_file);
        config.ssl_mode(match mode {
            _ if is_socket => SslMode::Disable,
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        let tls = MakeRustlsConnect::new(tls::config(mode, if is_socket { None } else { roots.as_ref() })?);
        Ok(Self { config, mode, roots, tls })
    }

    /// Opens a connection, which the caller has to drive.
    pub async fn connect(&self) -> Result<(tokio_postgres::Client, Driver)> {
        self.config.connect(self.tls.clone()).await.map_err(Error::unavailable)
    }

    /// The user who logs in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The same database with another login.
    #[must_use]
    pub fn with_login(mut self, user: &str, password: &str) -> Self {
        // Without a name the database is that of the role in the address.
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres").to_owned();
        self.config.dbname(database);
        self.config.user(user).password(password);
        self
    }

    /// The hosts that are other machines.
    #[must_use]
    pub fn remote_hosts(&self) -> Vec<String> {
        let addresses = self.config.get_hostaddrs();
        let names = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => Some(name.clone()),
            #[cfg(unix)]
            Host::Unix(_) => None,
        });
        if addresses.is_empty() {
            return names.flatten().filter(|name| !is_local(name)).collect();
        }
        // The addresses are connected to, whatever the names are.
        let mut names = names;
        let pairs = addresses.iter().map(|address| (address, names.next().flatten()));
        pairs
            .filter(|(address, _)| !address.to_canonical().is_loopback())
            .map(|(address, name)| name.unwrap_or_else(|| address.to_string()))
            .collect()
    }

    /// Refuses to send anything in plain text to another machine unless it was named: a mere preference for TLS becomes a
    /// requirement, since an attacker on the network could answer that the server has none.
    pub fn secured(self, plaintext_to: &[String]) -> Result<Self> {
        let others = self.remote_hosts();
        let other = others.into_iter().find(|host| !plaintext_to.iter().any(|named| named.eq_ignore_ascii_case(host)));
        match (other, self.mode) {
            (Some(host), Mode::Disable) => Err(refused(format!(
                "sslmode=disable would send everything to {host} in plain text, which anyone on the network could read. Use \
                 TLS (sslmode=verify-full), or permit it with --allow-plaintext-to {host}"
            ))),
            (Some(_), Mode::Prefer) => {
                let (mode, roots) = checked(Some(Mode::Require), self.roots)?;
                Self::new(self.config, mode, roots)
            }
            _ => Ok(self),
        }
    }

    /// Whether another machine could pose as the database: no certificate is checked.
    #[must_use]
    pub fn trusts_any_server(&self) -> bool {
        self.mode < Mode::VerifyCa && !self.remote_hosts().is_empty()
    }

    /// The connection string, with everything that was given.
    #[must_use]
    pub fn text(&self) -> String {
        let password = self.config.get_password().map(String::from_utf8_lossy);
        let password = password.map_or_else(String::new, |password| format!(" password={}", quoted(&password)));
        self.text_to_show() + &password
    }

    /// The connection string without the password.
    #[must_use]
    pub fn text_to_show(&self) -> String {
        let config = &self.config;
        let joined = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let seconds = |time: std::time::Duration| time.as_secs().to_string();
        let differs = |differs: bool, value: &str| differs.then(|| value.to_owned());
        let mode = MODES.iter().find(|(_, mode)| *mode == self.mode).map(|(name, _)| (*name).to_owned());
        let parameters = [
            ("host", joined(hosts.collect())),
            ("hostaddr", joined(config.get_hostaddrs().iter().map(ToString::to_string).collect())),
            ("port", joined(config.get_ports().iter().map(ToString::to_string).collect())),
            ("dbname", config.get_dbname().map(str::to_owned)),
            ("sslmode", mode),
            (
                "sslrootcert",
                self.roots.as_ref().map(|roots| match roots {
                    Roots::System => "system".to_owned(),
                    Roots::File(file) => file.display().to_string(),
                }),
            ),
            ("sslnegotiation", differs(config.get_ssl_negotiation() == SslNegotiation::Direct, "direct")),
            ("options", config.get_options().map(str::to_owned)),
            ("application_name", config.get_application_name().map(str::to_owned)),
            ("connect_timeout", config.get_connect_timeout().copied().map(seconds)),
            ("tcp_user_timeout", config.get_tcp_user_timeout().copied().map(seconds)),
            ("keepalives", differs(!config.get_keepalives(), "0")),
            ("keepalives_idle", Some(seconds(config.get_keepalives_idle()))),
            ("keepalives_interval", config.get_keepalives_interval().map(seconds)),
            ("keepalives_retries", config.get_keepalives_retries().map(|retries| retries.to_string())),
            (
                "target_session_attrs",
                match config.get_target_session_attrs() {
                    TargetSessionAttrs::ReadWrite => Some("read-write".to_owned()),
                    TargetSessionAttrs::ReadOnly => Some("read-only".to_owned()),
                    _ => None,
                },
            ),
            (
                "channel_binding",
                match config.get_channel_binding() {
                    ChannelBinding::Disable => Some("disable".to_owned()),
                    ChannelBinding::Require => Some("require".to_owned()),
                    _ => None,
                },
            ),
            ("load_balance_hosts", differs(config.get_load_balance_hosts() == LoadBalanceHosts::Random, "random")),
            ("user", config.get_user().map(str::to_owned)),
        ];
        let mut text = String::new();
        for (name, value) in parameters {
            if let Some(value) = value {
                let space = if text.is_empty() { "" } else { " " };
                let _ = write!(text, "{space}{name}={}", quoted(&value));
            }
        }
        text
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.text_to_show())
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::OperationNotAllowed, message)
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

type Given = Vec<(String, String)>;

/// Takes the parameters that tokio-postgres does not know out of a connection string of either form.
fn taken_out(text: &str) -> Result<(String, Given)> {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if is_url { taken_out_of_url(text) } else { taken_out_of_pairs(text) }
}

fn is_ours(key: &str) -> bool {
    matches!(key, "sslmode" | "sslrootcert")
}

fn taken_out_of_url(text: &str) -> Result<(String, Given)> {
    // A password may have a question mark.
    let credentials = text.find('@').unwrap_or_default();
    let Some(at) = text[credentials..].find('?').map(|at| at + credentials) else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let decoded = |value: &str| {
        let value = percent_encoding::percent_decode_str(value).decode_utf8();
        value.map(std::borrow::Cow::into_owned).map_err(|_| refused("the connection string is not UTF-8"))
    };
    let mut given = Vec::new();
    let mut others = Vec::new();
    for pair in text[at + 1..].split('&') {
        match pair.split_once('=') {
            Some((key, value)) if is_ours(key) => given.push((key.to_owned(), decoded(value)?)),
            _ => others.push(pair),
        }
    }
    let mark = if others.is_empty() { "" } else { "?" };
    Ok((format!("{}{mark}{}", &text[..at], others.join("&")), given))
}

fn taken_out_of_pairs(text: &str) -> Result<(String, Given)> {
    let mut given = Vec::new();
    let mut others = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let begin = rest;
        // Not quoted: the text itself may hold a password.
        let (key, value) =
            rest.split_once('=').ok_or_else(|| refused("the connection string has a word without a value"))?;
        let (value, after) = value_and_rest(value.trim_start());
        if is_ours(key.trim()) {
            given.push((key.trim().to_owned(), value));
        } else {
            others.push_str(&begin[..begin.len() - after.len()]);
            others.push(' ');
        }
        rest = after.trim_start();
    }
    Ok((others, given))
}

/// The value at the beginning, in quotes or up to the next space, and what follows it.
fn value_and_rest(text: &str) -> (String, &str) {
    let is_quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(is_quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if is_quoted => return (value, &text[at + 1..]),
            _ if !is_quoted && character.is_whitespace() => return (value, &text[at..]),
            _ => value.push(character),
        }
    }
    (value, "")
}
