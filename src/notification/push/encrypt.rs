//! The encryption of a push message for one browser (RFC 8291), in one record.

use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom, SystemRandom},
};

/// Longest message: what push services take, less what encryption adds.
const LONGEST: usize = 3993;
const RECORD: u32 = 4096;

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// A key that follows from a secret.
fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Option<[u8; N]> {
    let mut key = [0; N];
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(info, Bytes(N)).ok()?.fill(&mut key).ok()?;
    Some(key)
}

/// The key and the nonce of a message, from what both sides know.
fn keys(shared: &[u8], secret: &[u8], salt: &[u8], browser: &[u8], server: &[u8]) -> Option<([u8; 16], [u8; 12])> {
    let common: [u8; 32] = derive(secret, shared, &[b"WebPush: info\0", browser, server])?;
    let key = derive(salt, &common, &[b"Content-Encoding: aes128gcm\0"])?;
    Some((key, derive(salt, &common, &[b"Content-Encoding: nonce\0"])?))
}

/// The body of a request to a push service; none if the keys of the browser are not valid or the message is too long.
pub fn encrypt(browser: &[u8], secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    if message.len() > LONGEST {
        return None;
    }
    let random = SystemRandom::new();
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
    let server = private.compute_public_key().ok()?;
    let mut salt = [0; 16];
    random.fill(&mut salt).ok()?;
    let (key, nonce) = agree_ephemeral(private, &UnparsedPublicKey::new(&ECDH_P256, browser), |shared| {
        keys(shared, secret, &salt, browser, server.as_ref())
    })
    .ok()??;
    // The last record ends with a 2.
    let mut sealed = [message, &[2]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).ok()?;
    let server = server.as_ref();
    Some([&salt[..], &RECORD.to_be_bytes(), &[server.len() as u8], server, &sealed].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_and_nobody_else_reads_a_message() {
        let random = SystemRandom::new();
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
        let public = private.compute_public_key().unwrap();
        let secret = [7; 16];

        let body = encrypt(public.as_ref(), &secret, "Grüße".as_bytes()).unwrap();

        let (salt, rest) = body.split_at(16);
        assert_eq!((&rest[..4], rest[4]), (&4096u32.to_be_bytes()[..], 65));
        let (server, sealed) = rest[5..].split_at(65);
        let (key, nonce) = agree_ephemeral(private, &UnparsedPublicKey::new(&ECDH_P256, server), |shared| {
            keys(shared, &secret, salt, public.as_ref(), server)
        })
        .unwrap()
        .unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut opened = sealed.to_vec();
        let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut opened).unwrap();
        assert_eq!(opened, [b"Gr\xc3\xbc\xc3\x9fe".as_slice(), &[2]].concat());
        assert!(encrypt(&[4; 65], &secret, b"x").is_none(), "a point that is not on the curve");
        assert!(encrypt(public.as_ref(), &secret, &[b'x'; LONGEST + 1]).is_none());
        assert_eq!(encrypt(public.as_ref(), &secret, &[b'x'; LONGEST]).unwrap().len(), 4096);
    }

    /// The example of RFC 8291, appendix A: keys that both sides derive from what they share.
    #[test]
    fn keys_are_those_of_the_standard() {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        let bytes = |text: &str| B64.decode(text).unwrap();
        let shared = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let secret = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw");
        let browser = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let server = bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");

        let (key, nonce) = keys(&shared, &secret, &salt, &browser, &server).unwrap();

        assert_eq!(B64.encode(key), "oIhVW04MRdy2XN9CiKLxTg");
        assert_eq!(B64.encode(nonce), "4h_95klXJ5E_qnoN");
    }
}
