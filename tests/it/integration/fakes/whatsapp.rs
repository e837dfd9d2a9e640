//! WhatsApp, as Meta's Cloud API.

use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use super::{Fake, Protocol};
use crate::harness::receiver::Received;

pub const TOKEN: &str = "EAAG0123456789abcdef";
pub const APP_SECRET: &str = "test_app_secret";
pub const NUMBER_ID: &str = "200000000000002";
pub const VERIFY_TOKEN: &str = "agreed between us";

pub struct WhatsApp {
    pub fake: Fake,
}

struct Speaks;

fn error(code: i64) -> Value {
    json!({ "error": { "message": format!("(#{code}) About +254700000001"), "type": "OAuthException", "code": code, "fbtrace_id": "x" } })
}

impl Protocol for Speaks {
    fn answer(&self, number: usize, request: &Received) -> (u16, Value) {
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return (401, error(190));
        }
        if request.line.starts_with(&format!("GET /v25.0/{NUMBER_ID}?fields=")) {
            return (200, json!({ "verified_name": "Oak", "quality_rating": "GREEN", "id": NUMBER_ID }));
        }
        if request.line != format!("POST /v25.0/{NUMBER_ID}/messages") {
            return (400, error(100));
        }
        let to = request.json()["to"].clone();
        (
            200,
            json!({ "messaging_product": "whatsapp", "contacts": [{ "input": to }], "messages": [{ "id": format!("wamid.OUT{number}") }] }),
        )
    }

    fn refusal(&self, code: i64) -> (u16, Value) {
        (400, error(code))
    }

    fn busy(&self) -> (u16, Value) {
        (429, error(130_429))
    }
}

impl WhatsApp {
    pub async fn start() -> Self {
        Self { fake: Fake::start(Speaks).await }
    }

    pub fn settings(&self) -> Value {
        json!({ "whatsApp": {
            "phoneNumberId": NUMBER_ID, "accessToken": TOKEN, "appSecret": APP_SECRET, "verifyToken": VERIFY_TOKEN,
            "baseUrl": self.fake.receiver.url(""),
        } })
    }

    pub fn sign(body: &str) -> Vec<(&'static str, String)> {
        let code = sign(&Key::new(HMAC_SHA256, APP_SECRET.as_bytes()), body.as_bytes());
        let digits: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        vec![("content-type", "application/json".to_owned()), ("x-hub-signature-256", format!("sha256={digits}"))]
    }

    /// The body of a delivery with these parts for a number.
    pub fn delivery(number_id: &str, messages: &[Value], statuses: &[Value]) -> String {
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550001111", "phone_number_id": number_id },
        });
        if !messages.is_empty() {
            value["contacts"] =
                json!([{ "profile": { "name": "Test One" }, "wa_id": "254700000001", "user_id": "KE.1" }]);
            value["messages"] = json!(messages);
        }
        if !statuses.is_empty() {
            value["statuses"] = json!(statuses);
        }
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "100", "changes": [{ "field": "messages", "value": value }] }] })
            .to_string()
    }

    /// A text message of somebody.
    pub fn text(id: &str, text: &str) -> Value {
        json!({ "from": "254700000001", "from_user_id": "KE.1", "id": id, "timestamp": "1790417200", "type": "text", "text": { "body": text } })
    }

    /// What became of a message.
    pub fn status(id: &str, status: &str, reference: &str) -> Value {
        json!({ "id": id, "status": status, "timestamp": "1790503200", "recipient_id": "254700000001", "biz_opaque_callback_data": reference })
    }
}
