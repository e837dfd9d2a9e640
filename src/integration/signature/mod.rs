//! How services prove that what they send is from them: one type for each scheme. All work on the very bytes that came, and
//! compare in constant time.

mod body;
mod ed25519;
mod header;
mod timed;
mod token;
mod twilio;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

pub use self::{
    body::SignedBody,
    ed25519::{SignedByTelnyx, is_ed25519_key},
    header::SecretHeader,
    timed::{SignedByRetell, SignedByStandard, SignedByStripe, SignedByVapi},
    token::SignedByLivekit,
    twilio::SignedByTwilio,
};

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    /// Path and query of the address.
    pub path: &'a str,
}

impl Signed<'_> {
    /// The text of a header.
    fn header(&self, name: &str) -> Result<&str, Refused> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refused::Missing)
    }
}

/// Why a request is not accepted. The texts are for administrators, not for the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Missing,
    Malformed,
    Wrong,
    Stale,
    /// The integration has no secret to check with.
    NotSetUp,
}

impl Refused {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Missing => "the signature is missing",
            Self::Malformed => "the signature is malformed",
            Self::Wrong => "the signature does not match; check the secret that is stored here",
            Self::Stale => "the time of the signature is too far from the server's clock",
            Self::NotSetUp => "the integration has no secret with which signatures are checked",
        }
    }
}

/// A scheme, with its secret.
pub trait Scheme: Send + Sync {
    /// Accepts a request, or says why not.
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused>;
}

/// Compares a code with that of some parts, one after the other.
fn check(algorithm: hmac::Algorithm, key: &[u8], parts: &[&[u8]], code: &[u8]) -> Result<(), Refused> {
    let whole = parts.concat();
    hmac::verify(&hmac::Key::new(algorithm, key), &whole, code).map_err(|_| Refused::Wrong)
}

/// Bytes in hexadecimal digits of either case.
fn unhex(text: &str) -> Result<Vec<u8>, Refused> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<Vec<u8>>>();
    bytes.filter(|_| rest.is_empty()).ok_or(Refused::Malformed)
}

/// Refuses a time that is more than some seconds from now, before or after.
fn check_time(seconds: i64, tolerance: i64, now: DateTime<Utc>) -> Result<(), Refused> {
    let distance = i128::from(now.timestamp()) - i128::from(seconds);
    if distance.abs() <= i128::from(tolerance) { Ok(()) } else { Err(Refused::Stale) }
}

/// Whether two texts are the same, in a time that tells nothing of where they differ.
pub fn same(one: &str, other: &str) -> bool {
    // Of digests, so that the time tells nothing of the lengths either.
    let digest = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    subtle::ConstantTimeEq::ct_eq(digest(one).as_ref(), digest(other).as_ref()).into()
}

#[cfg(test)]
mod tests;
