//! Schemes that sign the body alone, with the code in a header: WhatsApp, Paystack and Cal.com.

use chrono::{DateTime, Utc};
use ring::hmac::{Algorithm, HMAC_SHA256, HMAC_SHA512};

use super::{Refused, Scheme, Signed, check, unhex};

/// The algorithm of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    Sha256,
    Sha512,
}

impl Digest {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha256 => HMAC_SHA256,
            Self::Sha512 => HMAC_SHA512,
        }
    }
}

/// An HMAC over the body, in hexadecimal digits.
pub struct SignedBody<'a> {
    pub secret: &'a str,
    pub digest: Digest,
    pub header: &'static str,
    /// What stands before the digits.
    pub prefix: &'static str,
}

impl<'a> SignedBody<'a> {
    #[must_use]
    pub fn by_whatsapp(app_secret: &'a str) -> Self {
        Self { secret: app_secret, digest: Digest::Sha256, header: "x-hub-signature-256", prefix: "sha256=" }
    }

    #[must_use]
    pub fn by_paystack(secret_key: &'a str) -> Self {
        Self { secret: secret_key, digest: Digest::Sha512, header: "x-paystack-signature", prefix: "" }
    }

    #[must_use]
    pub fn by_cal_com(secret: &'a str) -> Self {
        Self { secret, digest: Digest::Sha256, header: "x-cal-signature-256", prefix: "" }
    }
}

impl Scheme for SignedBody<'_> {
    fn verify(&self, request: &Signed<'_>, _: DateTime<Utc>) -> Result<(), Refused> {
        let code = request.header(self.header)?.strip_prefix(self.prefix).ok_or(Refused::Malformed)?;
        check(self.digest.algorithm(), self.secret.as_bytes(), &[request.body], &unhex(code)?)
    }
}
