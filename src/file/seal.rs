//! Encryption of stored objects, in segments, so that a part of an object can be read without the rest of it. Each object has
//! a random key of its own. A segment is 64 KiB (the last one less) under AES-256-GCM; its nonce has its number and whether it
//! is the last, and the object's id is bound to it. What was changed, cut off, swapped or copied from elsewhere does not open.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use uuid::Uuid;

use crate::kernel::{Error, Result, secrets::random};

/// Bytes of a segment before it is sealed.
pub const SEGMENT: usize = 64 << 10;
/// Bytes that sealing adds to a segment.
const TAG: usize = 16;
/// Bytes of a sealed segment, except the last.
pub const SEALED_SEGMENT: u64 = (SEGMENT + TAG) as u64;
/// The form of an object, bound to each segment.
const FORM: &[u8] = b"clinigraph file 1";

/// The key of one object.
pub struct FileKey {
    bytes: [u8; 32],
    cipher: Aes256Gcm,
    object: Uuid,
}

impl FileKey {
    /// A new key.
    pub fn generate(object: Uuid) -> Result<Self> {
        Self::of(random()?, object)
    }

    /// The key of these bytes.
    pub fn read(bytes: &[u8], object: Uuid) -> Result<Self> {
        Self::of(bytes.try_into().map_err(Error::internal)?, object)
    }

    fn of(bytes: [u8; 32], object: Uuid) -> Result<Self> {
        Ok(Self { bytes, cipher: Aes256Gcm::new_from_slice(&bytes).map_err(Error::internal)?, object })
    }

    /// The bytes, which are stored sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bound to each segment: the form and the object.
    fn data(&self) -> Vec<u8> {
        [FORM, self.object.as_bytes()].concat()
    }

    fn seal(&self, number: u32, is_last: bool, plain: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: plain, aad: &self.data() };
        self.cipher.encrypt(&nonce(number, is_last), payload).map_err(|_| Error::internal("sealing a segment failed"))
    }

    /// The content of a segment, or an error if it is not the one that was sealed there.
    pub fn open(&self, number: u32, is_last: bool, sealed: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: sealed, aad: &self.data() };
        let opened = self.cipher.decrypt(&nonce(number, is_last), payload);
        opened.map_err(|_| Error::internal(format!("segment {number} of the object {} was changed", self.object)))
    }
}

/// The key is used for one object, so that the number of the segment never comes twice under it.
fn nonce(number: u32, is_last: bool) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut bytes = [0; 12];
    bytes[7..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::from(bytes)
}

/// Number of segments of an object.
#[must_use]
pub fn segments(size: u64) -> u32 {
    size.div_ceil(SEGMENT as u64).max(1).try_into().unwrap_or(u32::MAX)
}

/// Bytes of an object, as it is stored.
#[must_use]
pub fn sealed_size(size: u64) -> u64 {
    size + u64::from(segments(size)) * TAG as u64
}

/// Seals a content that comes in pieces of any size.
pub struct Sealer {
    key: FileKey,
    number: u32,
    /// The segment that is being filled. A full one waits for what follows, as it may be the last.
    open: Vec<u8>,
}

impl Sealer {
    #[must_use]
    pub fn new(key: FileKey) -> Self {
        Self { key, number: 0, open: Vec::with_capacity(SEGMENT) }
    }

    /// Adds a piece; full segments are appended to `out`.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<()> {
        while !piece.is_empty() {
            if self.open.len() == SEGMENT {
                out.extend(self.key.seal(self.number, false, &self.open)?);
                self.number = self.number.checked_add(1).ok_or_else(|| Error::internal("too many segments"))?;
                self.open.clear();
            }
            let (fitting, rest) = piece.split_at(piece.len().min(SEGMENT - self.open.len()));
            self.open.extend_from_slice(fitting);
            piece = rest;
        }
        Ok(())
    }

    /// Appends the last segment to `out`; returns the key.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<FileKey> {
        out.extend(self.key.seal(self.number, true, &self.open)?);
        Ok(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: Uuid = Uuid::from_u128(7);

    fn sealed(content: &[u8], piece: usize) -> (FileKey, Vec<u8>) {
        let mut sealer = Sealer::new(FileKey::generate(OBJECT).unwrap());
        let mut out = Vec::new();
        for piece in content.chunks(piece) {
            sealer.push(piece, &mut out).unwrap();
        }
        let key = sealer.finish(&mut out).unwrap();
        assert_eq!(out.len() as u64, sealed_size(content.len() as u64));
        (key, out)
    }

    fn opened(key: &FileKey, sealed: &[u8], size: usize) -> Result<Vec<u8>> {
        let count = segments(size as u64);
        let of_each = |(number, segment): (usize, &[u8])| key.open(number as u32, number as u32 + 1 == count, segment);
        let opened = sealed.chunks(SEALED_SEGMENT as usize).enumerate().map(of_each).collect::<Result<Vec<_>>>()?;
        Ok(opened.concat())
    }

    #[test]
    fn a_content_opens_as_it_was_whatever_its_size_and_pieces() {
        for size in [1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 3 * SEGMENT + 7] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            for piece in [size, 1000, SEGMENT] {
                let (key, sealed) = sealed(&content, piece);
                assert_eq!(opened(&key, &sealed, size).unwrap(), content, "{size} {piece}");
            }
        }
    }

    #[test]
    fn a_segment_opens_only_in_its_place() {
        let content = vec![7; 3 * SEGMENT];
        let (key, sealed) = sealed(&content, 9999);
        let segment = |number: usize| &sealed[number * SEALED_SEGMENT as usize..][..SEALED_SEGMENT as usize];

        assert!(key.open(0, false, segment(0)).is_ok());
        assert!(key.open(1, false, segment(0)).is_err(), "swapped");
        assert!(key.open(1, true, segment(1)).is_err(), "cut off behind it");
        assert!(key.open(2, false, segment(2)).is_err(), "something behind it");
        for at in [0, SEGMENT / 2, SEGMENT + TAG - 1] {
            let mut changed = segment(0).to_vec();
            changed[at] ^= 1;
            assert!(key.open(0, false, &changed).is_err(), "{at}");
        }
        let elsewhere = FileKey::read(key.bytes(), Uuid::from_u128(8)).unwrap();
        assert!(elsewhere.open(0, false, segment(0)).is_err(), "of another object");
    }
}
