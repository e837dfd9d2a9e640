//! Encryption of secrets at rest: AES-256-GCM with a ring of keys. A sealed value is a version byte, the id of the key
//! (4 bytes), a random nonce (12 bytes) and the ciphertext; table, column and row are bound to it as associated data, so
//! a value copied to another row cannot be opened.

use std::{collections::BTreeMap, fmt};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Error, Result};

const VERSION: u8 = 1;
const HEAD: usize = 1 + 4 + 12;

/// The keys: the newest seals, all can open.
pub struct KeyRing {
    keys: BTreeMap<u32, [u8; 32]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ids", &self.keys.keys()).finish()
    }
}

/// Where a sealed value is stored.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

impl Place<'_> {
    fn data(self, key_id: u32) -> Vec<u8> {
        format!("{}:{}:{}:{key_id}", self.table, self.column, self.row).into_bytes()
    }
}

impl KeyRing {
    /// Reads `1:<base64 of 32 bytes>,2:…`; the highest number seals.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::internal("the keys must be a list such as 1:<base64 of 32 bytes>, separated by commas");
        let key = |part: &str| {
            let (id, key) = part.trim().split_once(':').ok_or_else(wrong)?;
            let key = STANDARD.decode(key).ok().and_then(|key| <[u8; 32]>::try_from(key).ok()).ok_or_else(wrong)?;
            Ok((id.parse().map_err(|_| wrong())?, key))
        };
        let keys = text.split(',').map(key).collect::<Result<BTreeMap<u32, [u8; 32]>>>()?;
        if keys.is_empty() { Err(wrong()) } else { Ok(Self { keys }) }
    }

    /// A ring with one new key, in the form that [`KeyRing::parse`] reads.
    pub fn generate() -> Result<String> {
        Ok(format!("1:{}", STANDARD.encode(random::<32>()?)))
    }

    /// The oldest key, from which secrets are derived that must not change when a key is added.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        self.keys.values().next().map_or(&[], |key| key.as_slice())
    }

    fn cipher(&self, id: u32) -> Result<Aes256Gcm> {
        let key = self.keys.get(&id).ok_or_else(|| Error::internal(format!("key {id} is not in the ring")))?;
        Aes256Gcm::new_from_slice(key).map_err(Error::internal)
    }

    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let id = self.keys.keys().next_back().copied().ok_or_else(|| Error::internal("the key ring is empty"))?;
        let nonce = random::<12>()?;
        let payload = Payload { msg: plain, aad: &place.data(id) };
        let sealed = self.cipher(id)?.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::internal("sealing failed"))?;
        Ok([&[VERSION][..], &id.to_be_bytes(), &nonce, &sealed].concat())
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        let wrong = || Error::internal("a sealed value cannot be opened");
        let (head, text) = sealed.split_at_checked(HEAD).ok_or_else(wrong)?;
        let id = u32::from_be_bytes(head[1..5].try_into().map_err(|_| wrong())?);
        let nonce: [u8; 12] = head[5..].try_into().map_err(|_| wrong())?;
        if head[0] != VERSION {
            return Err(wrong());
        }
        let payload = Payload { msg: text, aad: &place.data(id) };
        self.cipher(id)?.decrypt(&Nonce::from(nonce), payload).map_err(|_| wrong())
    }
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { table: "t", column: "c", row: "1" };

    #[test]
    fn what_was_sealed_opens_here_and_nowhere_else() {
        let ring = KeyRing::parse(&KeyRing::generate().unwrap()).unwrap();
        let sealed = ring.seal(HERE, b"secret").unwrap();
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"secret");
        assert!(ring.open(Place { row: "2", ..HERE }, &sealed).is_err());
        let mut broken = sealed.clone();
        broken[HEAD] ^= 1;
        assert!(ring.open(HERE, &broken).is_err());
        assert!(ring.open(HERE, &sealed[..HEAD - 1]).is_err());
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let old = KeyRing::generate().unwrap();
        let sealed = KeyRing::parse(&old).unwrap().seal(HERE, b"secret").unwrap();
        let both = format!("{old},2:{}", KeyRing::generate().unwrap().trim_start_matches("1:"));
        let ring = KeyRing::parse(&both).unwrap();
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"secret");
        assert_eq!(ring.seal(HERE, b"secret").unwrap()[1..5], 2u32.to_be_bytes());
    }
}
