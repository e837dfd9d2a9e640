//! How events are named for clients. Their numbers count every event of the platform, so a gap between two of them would
//! reveal to a clinic that there was an event it may not know of. A client sees the number under a permutation whose key
//! all processes have: the same event has the same name everywhere and for ever, and two names reveal nothing of the
//! events between them.

use aes_gcm::aes::{
    Aes256,
    cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::kernel::{Code, Error, Result, ids, secrets::KeyRing};

/// Fills the block; what does not decrypt to it is no name.
const FILLING: [u8; 8] = *b"an event";

/// Names events.
pub struct Names(Aes256);

impl Names {
    pub fn new(ring: &KeyRing) -> Result<Self> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(ring.root()).map_err(Error::internal)?;
        mac.update(b"names of events");
        Ok(Self(Aes256::new(&mac.finalize().into_bytes())))
    }

    fn block(&self, id: i64) -> [u8; 16] {
        let mut block = Array::from([0; 16]);
        block[..8].copy_from_slice(&FILLING);
        block[8..].copy_from_slice(&id.to_be_bytes());
        self.0.encrypt_block(&mut block);
        block.into()
    }

    /// The event's id, as the API spells it.
    #[must_use]
    pub fn id(&self, id: i64) -> String {
        let letters = ids::encode(Uuid::from_bytes(self.block(id)));
        format!("event_{}", String::from_utf8_lossy(&letters))
    }

    /// The cursor of an event: a listener that gives it resumes right behind it.
    #[must_use]
    pub fn cursor(&self, id: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.block(id))
    }

    /// The event of a cursor.
    pub fn read(&self, cursor: &str) -> Result<i64> {
        let wrong = || Error::new(Code::InvalidCursor, "this is not the cursor of an event");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let mut block = Array::from(bytes.ok_or_else(wrong)?);
        self.0.decrypt_block(&mut block);
        let number: [u8; 8] = block[8..].try_into().map_err(Error::internal)?;
        let id = i64::from_be_bytes(number);
        if block[..8] == FILLING && id >= 0 { Ok(id) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(&KeyRing::parse("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()).unwrap()
    }

    #[test]
    fn a_cursor_leads_back_to_its_event_on_every_process() {
        for id in [0, 1, 77, i64::MAX] {
            assert_eq!(names().read(&names().cursor(id)).unwrap(), id);
        }
    }

    #[test]
    fn cursors_stay_valid_when_a_newer_key_is_added() {
        let both = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,2:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let newer = Names::new(&KeyRing::parse(both).unwrap()).unwrap();
        assert_eq!(newer.cursor(5), names().cursor(5));
    }

    #[test]
    fn anything_but_a_cursor_is_refused() {
        let (mut changed, good) = (URL_SAFE_NO_PAD.decode(names().cursor(5)).unwrap(), names().cursor(5));
        changed[15] ^= 1;
        for text in ["", "5", "!", &good[1..], &format!("{good}A"), &URL_SAFE_NO_PAD.encode(changed)] {
            assert_eq!(names().read(text).unwrap_err().code(), Code::InvalidCursor, "{text}");
        }
    }

    #[test]
    fn names_of_neighbouring_events_have_nothing_in_common() {
        let names = names();
        for id in 0..1000 {
            let (one, next) = (names.block(id), names.block(id + 1));
            let same = one.iter().zip(next).filter(|(one, next)| *one == next).count();
            assert!(same < 6, "{id}: {same} of 16 bytes are the same");
        }
    }
}
