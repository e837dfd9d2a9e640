//! The content of a file: read from its object, opened segment by segment, and only as far as it is asked for.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{
    seal::{FileKey, SEALED_SEGMENT, SEGMENT, sealed_size, segments},
    store::{ObjectName, Store},
};
use crate::kernel::{Error, Result};

/// Segments that are read at once.
const AT_ONCE: u32 = 16;

/// A content that can be read.
pub struct Content {
    pub store: Store,
    pub name: ObjectName,
    pub key: FileKey,
    /// Bytes of the content.
    pub size: u64,
}

impl Content {
    /// Fails unless the object has exactly the bytes that it was written with.
    pub async fn check_size(&self) -> Result<()> {
        let (wanted, found) = (sealed_size(self.size), self.store.size(self.name).await?);
        if wanted == found {
            return Ok(());
        }
        Err(Error::internal(format!("the object {} has {found} bytes instead of {wanted}", self.name.object)))
    }

    /// The bytes of a range that is not empty, in pieces. What does not open ends it with an error; no byte of it is given.
    pub fn stream(self, range: Range<u64>) -> impl Stream<Item = Result<Bytes>> + Send {
        let first = number_at(range.start);
        stream::try_unfold((self, first), move |(content, number)| {
            let range = range.clone();
            async move {
                if number > number_at(range.end - 1) {
                    return Ok(None);
                }
                let until = (number + AT_ONCE).min(number_at(range.end - 1) + 1);
                let piece = content.segments(number..until).await?;
                let begins = u64::from(number) * SEGMENT as u64;
                let from = range.start.saturating_sub(begins) as usize;
                let to = (range.end - begins).min(piece.len() as u64) as usize;
                Ok(Some((Bytes::from(piece).slice(from..to), (content, until))))
            }
        })
    }

    /// The content of some segments.
    async fn segments(&self, numbers: Range<u32>) -> Result<Vec<u8>> {
        let last = segments(self.size) - 1;
        let begins = u64::from(numbers.start) * SEALED_SEGMENT;
        let ends = (u64::from(numbers.end) * SEALED_SEGMENT).min(sealed_size(self.size));
        let sealed = self.store.read(self.name, begins..ends).await?;
        let mut plain = Vec::with_capacity(sealed.len());
        for (number, segment) in numbers.clone().zip(sealed.chunks(SEALED_SEGMENT as usize)) {
            plain.extend(self.key.open(number, number == last, segment)?);
        }
        let wanted =
            (u64::from(numbers.end) * SEGMENT as u64).min(self.size) - u64::from(numbers.start) * SEGMENT as u64;
        if plain.len() as u64 == wanted {
            Ok(plain)
        } else {
            Err(Error::internal(format!("the object {} ends early", self.name.object)))
        }
    }
}

fn number_at(byte: u64) -> u32 {
    u32::try_from(byte / SEGMENT as u64).unwrap_or(u32::MAX)
}
