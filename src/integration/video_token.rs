//! Tokens with which this server asks services for video calls: JSON Web Tokens under HS256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::hmac::{self, HMAC_SHA256, Key};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kernel::{Error, Result};

/// Seconds for which a token is valid, and by which it is dated back, since clocks differ.
const LIFETIME: i64 = 300;
const DATED_BACK: i64 = 60;

fn token(secret: &str, claims: &Value) -> Result<String> {
    let part =
        |value: &Value| Ok::<_, Error>(URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).map_err(Error::internal)?));
    let content = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" }))?, part(claims)?);
    let code = hmac::sign(&Key::new(HMAC_SHA256, secret.as_bytes()), content.as_bytes());
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(code)))
}

/// A management token of 100ms.
pub fn of_100ms(access_key: &str, secret: &str, now: DateTime<Utc>) -> Result<String> {
    let (from, until) = (now.timestamp() - DATED_BACK, now.timestamp() + LIFETIME);
    let claims = json!({
        "access_key": access_key, "type": "management", "version": 2, "jti": Uuid::new_v4(),
        "iat": from, "nbf": from, "exp": until,
    });
    token(secret, &claims)
}

/// A token of LiveKit that lists rooms.
pub fn of_livekit(api_key: &str, secret: &str, now: DateTime<Utc>) -> Result<String> {
    let (from, until) = (now.timestamp() - DATED_BACK, now.timestamp() + LIFETIME);
    let claims = json!({ "iss": api_key, "nbf": from, "exp": until, "video": { "roomList": true } });
    token(secret, &claims)
}
