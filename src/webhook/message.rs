//! What is sent of an event: its body, its headers, and their record in the log.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use serde_json::{Map, Value, json};
use url::Url;

use super::{queue::Claimed, secret};
use crate::kernel::{Error, Result, ids};

/// Longest body, in bytes.
const LONGEST: usize = 20_000;
/// Longest head of an answer in the log, in characters.
const LONGEST_HEAD: usize = 2_000;
/// What is sent in place of a result that is too long.
const TOO_LONG: &str = "the result of the query is not sent, as the message would be longer than 20,000 bytes";

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// The id of the object that an event happened to, as the API spells it.
pub fn subject_id(delivery: &Claimed) -> String {
    let letters = ids::encode(delivery.subject_id);
    format!("{}_{}", delivery.subject_type, String::from_utf8_lossy(&letters))
}

/// The body of a message, with the answer to the endpoint's query.
pub fn body(delivery: &Claimed, answer: Option<Map<String, Value>>) -> Bytes {
    let mut data = json!({
        "eventId": delivery.event_id,
        "cursor": delivery.cursor,
        "kind": delivery.kind.replace('.', "_").to_ascii_uppercase(),
        "subjectId": subject_id(delivery),
        "changed": delivery.changed,
    });
    let whole = |data: &Value| {
        let whole = json!({ "type": delivery.kind, "timestamp": delivery.occurred_at, "data": data });
        Bytes::from(whole.to_string())
    };
    let Some(answer) = answer else { return whole(&data) };
    let mut with_object = data.clone();
    with_object["object"] = answer.get("data").cloned().unwrap_or_default();
    if let Some(errors) = answer.get("errors") {
        with_object["objectErrors"] = errors.clone();
    }
    let long = whole(&with_object);
    if long.len() <= LONGEST {
        return long;
    }
    data["objectErrors"] = json!([{ "message": TOO_LONG }]);
    whole(&data)
}

/// The headers of a message.
pub fn headers(id: &str, seconds: i64, secrets: &[String], body: &[u8]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ID, value(id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(seconds));
    headers.insert(SIGNATURE, value(&secret::sign(secrets, id, seconds, body)?)?);
    Ok(headers)
}

/// The head of a request for the log, without its signatures.
pub fn request_head(url: &Url, headers: &HeaderMap, body: &[u8]) -> String {
    let mut head = format!("POST {}", url.path());
    if url.query().is_some() {
        // Addresses often have tokens in them.
        head.push_str("?…");
    }
    head.push_str(&format!("\n{HOST}: {}\ncontent-length: {}", url.authority(), body.len()));
    for (name, value) in headers {
        let value = if name == SIGNATURE { "…" } else { value.to_str().unwrap_or("…") };
        head.push_str(&format!("\n{name}: {value}"));
    }
    head
}

/// The head of an answer for the log.
pub fn response_head(status: StatusCode, headers: &HeaderMap) -> String {
    let mut head = status.to_string();
    for (name, value) in headers {
        head.push_str(&format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    printable(&head).chars().take(LONGEST_HEAD).collect()
}

/// Text without characters that the database does not take.
pub fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
