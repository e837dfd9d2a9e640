//! Telnyx.

use base64::{Engine, engine::general_purpose::STANDARD};
use clinigraph::kernel::clock::Clock;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::{Fake, Protocol};
use crate::harness::receiver::Received;

pub const KEY: &str = "KEY0123456789abcdef";
pub const NUMBER: &str = "+15550001111";

pub struct Telnyx {
    pub fake: Fake,
    pair: Ed25519KeyPair,
}

struct Speaks;

impl Protocol for Speaks {
    fn answer(&self, number: usize, request: &Received) -> (u16, Value) {
        if request.header("authorization") != Some(&format!("Bearer {KEY}")) {
            return (401, json!({ "errors": [{ "code": "10009", "title": "Authentication failed" }] }));
        }
        if request.line.starts_with("GET /v2/phone_numbers") {
            let is_own = request.line.contains("%2B15550001111");
            return (200, json!({ "data": if is_own { json!([{ "phone_number": NUMBER }]) } else { json!([]) } }));
        }
        if request.line.starts_with("GET /v2/messaging_profiles") {
            return (200, json!({ "data": [] }));
        }
        if request.line != "POST /v2/messages" {
            return (404, json!({ "errors": [{ "code": "10005", "title": "Resource not found" }] }));
        }
        let sent = request.json();
        if !sent["to"].as_str().unwrap().starts_with('+') {
            return (400, json!({ "errors": [{ "code": "10016", "title": "Phone number must be in +E.164 format" }] }));
        }
        let to = json!([{ "phone_number": sent["to"], "status": "queued", "carrier": "", "line_type": "Wireless" }]);
        let id = format!("40385f64-0000-4094-0000-{number:012}");
        (
            200,
            json!({ "data": { "record_type": "message", "id": id, "to": to, "text": sent["text"], "parts": 1, "errors": [] } }),
        )
    }

    fn refusal(&self, code: i64) -> (u16, Value) {
        (403, json!({ "errors": [{ "code": code.to_string(), "title": "Blocked" }] }))
    }

    fn busy(&self) -> (u16, Value) {
        (429, json!({ "errors": [{ "code": "10011", "title": "Too many requests" }] }))
    }
}

impl Telnyx {
    pub async fn start() -> Self {
        Self { fake: Fake::start(Speaks).await, pair: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap() }
    }

    /// Settings with which it is used.
    pub fn settings(&self) -> Value {
        json!({ "sms": {
            "provider": "TELNYX", "senderNumber": NUMBER, "apiKey": KEY, "baseUrl": self.fake.receiver.url("/v2"),
            "webhookPublicKey": STANDARD.encode(self.pair.public_key()),
        } })
    }

    /// Headers of a webhook that is sent now.
    pub fn sign(&self, clock: &Clock, body: &str) -> Vec<(&'static str, String)> {
        self.sign_at(clock.now().timestamp(), body)
    }

    pub fn sign_at(&self, seconds: i64, body: &str) -> Vec<(&'static str, String)> {
        let signature = STANDARD.encode(self.pair.sign(format!("{seconds}|{body}").as_bytes()));
        vec![
            ("content-type", "application/json".to_owned()),
            ("telnyx-signature-ed25519", signature),
            ("telnyx-timestamp", seconds.to_string()),
        ]
    }

    /// The body that reports the end of a message.
    pub fn finalized(event: &str, message: &str, status: &str) -> String {
        // Pretty-printed, as it was seen.
        serde_json::to_string_pretty(&json!({ "data": {
            "record_type": "event", "id": event, "event_type": "message.finalized",
            "occurred_at": "2026-11-01T10:00:02.148+00:00",
            "payload": { "record_type": "message", "direction": "outbound", "id": message,
                "to": [{ "phone_number": "+254700000001", "status": status }], "text": "See you at 10:00", "media": [],
                "errors": if status == "delivered" { json!([]) } else { json!([{ "code": "40008", "title": "Undeliverable" }]) } },
        }, "meta": { "attempt": 1 } }))
        .unwrap()
    }

    /// The body of a message from somebody to a number.
    pub fn received(event: &str, to: &str, text: &str, autoresponse: Option<&str>) -> String {
        json!({ "data": {
            "record_type": "event", "id": event, "event_type": "message.received",
            "occurred_at": "2026-11-01T10:00:02.148+00:00",
            "payload": { "direction": "inbound", "id": format!("message of {event}"),
                "from": { "phone_number": "+254700000001" }, "to": [{ "phone_number": to, "status": "webhook_delivered" }],
                "text": text, "media": [], "autoresponse_type": autoresponse, "received_at": "2026-11-01T10:00:02.000+00:00" },
        } })
        .to_string()
    }
}
