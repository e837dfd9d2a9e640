//! The address to which a service sends its webhooks. Its token follows from a random number of the integration and the keys of the
//! server, so that the server can name the address again, for the callback of a message, and a copy of the database cannot.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256, Key};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Integration;
use crate::kernel::{Id, secrets::KeyRing};

/// The token of an integration with this random number.
pub fn token(ring: &KeyRing, id: Uuid, nonce: &[u8]) -> String {
    let key = hmac::sign(&Key::new(HMAC_SHA256, ring.root()), b"tokens of webhook addresses");
    let content = [id.as_bytes(), nonce].concat();
    URL_SAFE_NO_PAD.encode(hmac::sign(&Key::new(HMAC_SHA256, key.as_ref()), &content))
}

/// Whether a token is that of an integration. Without one the same work is done.
pub fn is_token(ring: &KeyRing, integration: Option<&Integration>, given: &str) -> bool {
    let (id, nonce) = integration.map_or((Uuid::nil(), &[0; 16][..]), |row| (row.id.uuid(), &row.webhook_nonce));
    let right = token(ring, id, nonce);
    let digest = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let is_same: bool = digest(given).as_ref().ct_eq(digest(&right).as_ref()).into();
    is_same && integration.is_some()
}

/// The path of the address.
pub fn path(ring: &KeyRing, id: Id<Integration>, nonce: &[u8]) -> String {
    format!("/webhooks/{id}/{}", token(ring, id.uuid(), nonce))
}
