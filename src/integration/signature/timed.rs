//! Schemes that sign a time along with the body: Stripe, Retell, Vapi and Standard Webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ring::hmac::HMAC_SHA256;

use super::{Refused, Scheme, Signed, check, check_time, unhex};

/// A number greater than this counts milliseconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// `t=<seconds>,v1=<hexadecimal digits>`, with several codes while a secret is being replaced.
pub struct SignedByStripe<'a> {
    /// With its `whsec_`.
    pub secret: &'a str,
    pub tolerance: i64,
}

impl Scheme for SignedByStripe<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let header = request.header("stripe-signature")?;
        let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
        let time = pairs().find(|(name, _)| *name == "t").ok_or(Refused::Malformed)?.1;
        let parts = [time.as_bytes(), b".", request.body];
        let mut codes = pairs().filter(|(name, _)| *name == "v1").filter_map(|(_, code)| unhex(code).ok());
        if !codes.any(|code| check(HMAC_SHA256, self.secret.as_bytes(), &parts, &code).is_ok()) {
            return Err(Refused::Wrong);
        }
        check_time(time.parse().map_err(|_| Refused::Malformed)?, self.tolerance, now)
    }
}

/// `v=<milliseconds>,d=<hexadecimal digits>` over the body and the time behind it.
pub struct SignedByRetell<'a> {
    pub api_key: &'a str,
    pub tolerance: i64,
}

impl Scheme for SignedByRetell<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let header = request.header("x-retell-signature")?;
        let pair = |wanted: &str| {
            let pairs = header.split(',').filter_map(|pair| pair.trim().split_once('='));
            pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).next().ok_or(Refused::Malformed)
        };
        let (time, code) = (pair("v")?, unhex(pair("d")?)?);
        check(HMAC_SHA256, self.api_key.as_bytes(), &[request.body, time.as_bytes()], &code)?;
        let milliseconds: i64 = time.parse().map_err(|_| Refused::Malformed)?;
        check_time(milliseconds / 1000, self.tolerance, now)
    }
}

/// The usual format of Vapi: `{time}.{body}` in hexadecimal digits, in headers with names that people choose.
pub struct SignedByVapi<'a> {
    pub secret: &'a str,
    pub signature_header: &'a str,
    pub timestamp_header: &'a str,
    pub tolerance: i64,
}

impl Scheme for SignedByVapi<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let code = unhex(request.header(self.signature_header)?)?;
        let time = request.header(self.timestamp_header)?;
        check(HMAC_SHA256, self.secret.as_bytes(), &[time.as_bytes(), b".", request.body], &code)?;
        // The unit is not documented.
        let number: i64 = time.parse().map_err(|_| Refused::Malformed)?;
        check_time(if number > MILLISECONDS_FROM { number / 1000 } else { number }, self.tolerance, now)
    }
}

/// Standard Webhooks, with several codes while a secret is being replaced.
pub struct SignedByStandard<'a> {
    /// With its `whsec_`.
    pub secret: &'a str,
    pub tolerance: i64,
}

impl Scheme for SignedByStandard<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let (id, time) = (request.header("webhook-id")?, request.header("webhook-timestamp")?);
        let key = self.secret.strip_prefix("whsec_").unwrap_or(self.secret);
        let key = STANDARD.decode(key).map_err(|_| Refused::NotSetUp)?;
        let codes = request.header("webhook-signature")?.split(' ').filter_map(|code| code.strip_prefix("v1,"));
        let parts = [id.as_bytes(), b".", time.as_bytes(), b".", request.body];
        let mut codes = codes.filter_map(|code| STANDARD.decode(code).ok());
        if !codes.any(|code| check(HMAC_SHA256, &key, &parts, &code).is_ok()) {
            return Err(Refused::Wrong);
        }
        check_time(time.parse().map_err(|_| Refused::Malformed)?, self.tolerance, now)
    }
}
