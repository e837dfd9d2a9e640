//! Schemes without a signature: a secret comes along in a header, as from 100ms, and from Vapi if it is set up so.

use chrono::{DateTime, Utc};

use super::{Refused, Scheme, Signed, same};

pub struct SecretHeader<'a> {
    pub header: &'static str,
    /// What stands before the secret.
    pub prefix: &'static str,
    pub secret: &'a str,
}

impl Scheme for SecretHeader<'_> {
    fn verify(&self, request: &Signed<'_>, _: DateTime<Utc>) -> Result<(), Refused> {
        let given = request.header(self.header)?.strip_prefix(self.prefix).ok_or(Refused::Malformed)?;
        if same(given, self.secret) { Ok(()) } else { Err(Refused::Wrong) }
    }
}
