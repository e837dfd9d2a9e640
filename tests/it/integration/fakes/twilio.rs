//! Twilio.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use serde_json::{Value, json};

use super::{Fake, Protocol};
use crate::harness::receiver::Received;

pub const ACCOUNT: &str = "AC0123456789";
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub struct Twilio {
    pub fake: Fake,
}

struct Speaks;

impl Protocol for Speaks {
    fn answer(&self, number: usize, request: &Received) -> (u16, Value) {
        let credentials = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
        if request.header("authorization") != Some(&format!("Basic {credentials}")) {
            return (401, json!({ "code": 20003, "message": "Authenticate", "status": 401 }));
        }
        let path = request.line.split(' ').nth(1).unwrap_or_default();
        if path.starts_with(&format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json")) {
            let numbers = if path.contains("%2B15550002222") { json!([{ "sid": "PN1" }]) } else { json!([]) };
            return (200, json!({ "incoming_phone_numbers": numbers }));
        }
        let fields: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        let sid = format!("SM{number:032}");
        (201, json!({ "sid": sid, "status": "queued", "to": fields["To"], "num_segments": "1", "error_code": null }))
    }

    fn refusal(&self, code: i64) -> (u16, Value) {
        (400, json!({ "code": code, "message": "The message to +254700000001 was refused", "status": 400 }))
    }

    fn busy(&self) -> (u16, Value) {
        (429, json!({ "code": 20429, "message": "Too Many Requests", "status": 429 }))
    }
}

impl Twilio {
    pub async fn start() -> Self {
        Self { fake: Fake::start(Speaks).await }
    }

    pub fn settings(&self) -> Value {
        json!({ "sms": {
            "provider": "TWILIO", "senderNumber": "+15550002222", "accountSid": ACCOUNT, "authToken": TOKEN,
            "baseUrl": self.fake.receiver.url(""),
        } })
    }

    /// Headers and body of a form that is sent to an address.
    pub fn form(address: &str, fields: &[(&str, &str)]) -> (Vec<(&'static str, String)>, String) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let sorted: BTreeMap<_, _> = fields.iter().copied().collect();
        let text = sorted.iter().fold(address.to_owned(), |text, (name, value)| text + name + value);
        let code = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes()), text.as_bytes());
        let headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-twilio-signature", STANDARD.encode(code)),
        ];
        (headers, body)
    }
}
