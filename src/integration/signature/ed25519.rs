//! Telnyx: an Ed25519 signature over the time and the body.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::{Refused, Scheme, Signed, check_time};

pub struct SignedByTelnyx<'a> {
    /// In Base64.
    pub public_key: &'a str,
    pub tolerance: i64,
}

/// Whether a text is a public key in Base64.
#[must_use]
pub fn is_ed25519_key(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|key| key.len() == 32)
}

impl Scheme for SignedByTelnyx<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let signature = STANDARD.decode(request.header("telnyx-signature-ed25519")?).map_err(|_| Refused::Malformed)?;
        let time = request.header("telnyx-timestamp")?;
        let key = STANDARD.decode(self.public_key).map_err(|_| Refused::NotSetUp)?;
        let message = [time.as_bytes(), b"|", request.body].concat();
        UnparsedPublicKey::new(&ED25519, key).verify(&message, &signature).map_err(|_| Refused::Wrong)?;
        check_time(time.parse().map_err(|_| Refused::Malformed)?, self.tolerance, now)
    }
}
