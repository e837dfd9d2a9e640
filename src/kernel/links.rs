//! Links: addresses that anybody who has them may use until they expire, without a session. A link names two ids and a time, and
//! is signed with a key that follows from the oldest key of the ring, so that every server of a database takes it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{Error, Result, clock::Clock, secrets::KeyRing};

/// Two ids and a number of seconds.
const CONTENT: usize = 16 + 16 + 8;
const SIGNATURE: usize = 32;

/// Signs links and reads them.
#[derive(Clone)]
pub struct Links {
    key: [u8; 32],
    clock: Clock,
}

/// What a link is for. One that is signed for one use is refused for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    Download,
    Upload,
    Unsubscribe,
}

/// Why a link is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLink {
    /// It was not signed here, or for something else.
    Unknown,
    Expired,
}

impl Links {
    pub fn new(ring: &KeyRing, clock: Clock) -> Result<Self> {
        Ok(Self { key: mac(ring.root(), &[b"links"])?.finalize().into_bytes().into(), clock })
    }

    /// The text of a link for something of a clinic, which expires after a while.
    pub fn sign(&self, link_use: LinkUse, clinic: Uuid, id: Uuid, lifetime: TimeDelta) -> Result<String> {
        self.sign_until(link_use, clinic, id, self.clock.now() + lifetime)
    }

    /// The text of a link that expires at a time.
    pub fn sign_until(&self, link_use: LinkUse, clinic: Uuid, id: Uuid, expires_at: DateTime<Utc>) -> Result<String> {
        let content = [clinic.as_bytes().as_slice(), id.as_bytes(), &expires_at.timestamp().to_be_bytes()].concat();
        let signature = self.mac(link_use, &content)?.finalize().into_bytes();
        Ok(URL_SAFE_NO_PAD.encode([content.as_slice(), &signature].concat()))
    }

    /// The clinic and the id that a link names.
    pub fn open(&self, link_use: LinkUse, text: &str) -> Result<(Uuid, Uuid), BadLink> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadLink::Unknown)?;
        let bytes: [u8; CONTENT + SIGNATURE] = bytes.try_into().map_err(|_| BadLink::Unknown)?;
        let (content, signature) = bytes.split_at(CONTENT);
        let mac = self.mac(link_use, content).map_err(|_| BadLink::Unknown)?;
        mac.verify_slice(signature).map_err(|_| BadLink::Unknown)?;
        let part = |at: usize| Uuid::from_slice(&content[at..at + 16]).map_err(|_| BadLink::Unknown);
        let expires_at = content[32..].try_into().map(i64::from_be_bytes).map_err(|_| BadLink::Unknown)?;
        if expires_at <= self.clock.now().timestamp() {
            return Err(BadLink::Expired);
        }
        Ok((part(0)?, part(16)?))
    }

    fn mac(&self, link_use: LinkUse, content: &[u8]) -> Result<Hmac<Sha256>> {
        let name: &[u8] = match link_use {
            LinkUse::Download => b"download",
            LinkUse::Upload => b"upload",
            LinkUse::Unsubscribe => b"unsubscribe",
        };
        mac(&self.key, &[name, content])
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).map_err(Error::internal)?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_until_it_expires_and_only_as_it_was_signed() {
        let clock = Clock::default();
        let ring = KeyRing::parse(&KeyRing::generate().unwrap()).unwrap();
        let links = Links::new(&ring, clock.clone()).unwrap();
        let (clinic, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let link = links.sign(LinkUse::Download, clinic, id, TimeDelta::minutes(5)).unwrap();

        assert_eq!(links.open(LinkUse::Download, &link), Ok((clinic, id)));
        assert_eq!(links.open(LinkUse::Upload, &link), Err(BadLink::Unknown));
        for at in 0..link.len() {
            let mut other = link.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(links.open(LinkUse::Download, &other), Err(BadLink::Unknown), "{at}");
        }
        for other in ["", "x", &link[1..], &format!("{link}A")] {
            assert_eq!(links.open(LinkUse::Download, other), Err(BadLink::Unknown), "{other}");
        }
        let others = Links::new(&KeyRing::parse(&KeyRing::generate().unwrap()).unwrap(), clock.clone()).unwrap();
        assert_eq!(others.open(LinkUse::Download, &link), Err(BadLink::Unknown));
        clock.turn(TimeDelta::minutes(6));
        assert_eq!(links.open(LinkUse::Download, &link), Err(BadLink::Expired));
    }
}
