//! LiveKit: a JSON Web Token that names the digest of the body.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use ring::{
    digest::{SHA256, digest},
    hmac::HMAC_SHA256,
};
use serde::Deserialize;

use super::{Refused, Scheme, Signed, check, same};

/// Seconds by which the clocks may differ.
const LEEWAY: i64 = 60;

pub struct SignedByLivekit<'a> {
    pub api_key: &'a str,
    pub api_secret: &'a str,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    sha256: String,
}

/// A part of a token.
fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refused::Malformed)
}

impl Scheme for SignedByLivekit<'_> {
    fn verify(&self, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
        let token = request.header("authorization")?;
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        let (content, code) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
        let (head, claims) = content.split_once('.').ok_or(Refused::Malformed)?;
        let code = URL_SAFE_NO_PAD.decode(code).map_err(|_| Refused::Malformed)?;
        check(HMAC_SHA256, self.api_secret.as_bytes(), &[content.as_bytes()], &code)?;
        // Another algorithm would have another meaning of the code.
        let (head, claims): (Head, Claims) = (part(head)?, part(claims)?);
        let body = STANDARD.encode(digest(&SHA256, request.body));
        if head.alg != "HS256" || claims.iss != self.api_key || !same(&claims.sha256, &body) {
            return Err(Refused::Wrong);
        }
        let now = now.timestamp();
        let is_valid = claims.nbf.saturating_sub(LEEWAY) <= now && now <= claims.exp.saturating_add(LEEWAY);
        if is_valid { Ok(()) } else { Err(Refused::Stale) }
    }
}
