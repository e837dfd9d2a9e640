//! References that go along with a message and come back in what the service reports of it: the clinic and the row that the message
//! was sent for, with a code that only this server can make, since some of them come back unsigned.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256, Key};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::kernel::secrets::KeyRing;

const CODE: usize = 16;

fn code(ring: &KeyRing, ids: &[u8]) -> hmac::Tag {
    let key = hmac::sign(&Key::new(HMAC_SHA256, ring.root()), b"references of messages");
    hmac::sign(&Key::new(HMAC_SHA256, key.as_ref()), ids)
}

/// The text of a reference.
pub fn write(ring: &KeyRing, clinic: Uuid, id: Uuid) -> String {
    let ids = [clinic.into_bytes(), id.into_bytes()].concat();
    let code = code(ring, &ids);
    URL_SAFE_NO_PAD.encode([&ids, &code.as_ref()[..CODE]].concat())
}

/// The clinic and the row that a reference names; none if it was not made here.
pub fn read(ring: &KeyRing, text: &str) -> Option<(Uuid, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (ids, given) = bytes.split_at_checked(32)?;
    if !bool::from(given.ct_eq(&code(ring, ids).as_ref()[..CODE])) {
        return None;
    }
    let id = |from: usize| Uuid::from_slice(&ids[from..from + 16]).ok();
    Some((id(0)?, id(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_was_changed_names_nothing() {
        let ring = KeyRing::parse(&KeyRing::generate().unwrap()).unwrap();
        let (clinic, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text = write(&ring, clinic, id);

        assert_eq!(read(&ring, &text), Some((clinic, id)));
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(&ring, std::str::from_utf8(&other).unwrap()), None, "{at}");
        }
        for other in ["", "AAAA", &text[4..]] {
            assert_eq!(read(&ring, other), None, "{other}");
        }
    }
}
