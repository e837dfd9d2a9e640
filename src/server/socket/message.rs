//! The protocol's messages.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::Closing;
use crate::server::strict;

/// Each running operation holds its id in memory, so clients may not make it long.
const MAX_ID: usize = 256;

pub(super) const ACK: &str = r#"{"type":"connection_ack"}"#;
pub(super) const PING: &str = r#"{"type":"ping"}"#;
pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// The messages of a client.
#[derive(Debug)]
pub(super) enum ClientMessage<'a> {
    Init(Map<String, Value>),
    Ping,
    Pong,
    Subscribe { id: Cow<'a, str>, payload: &'a str },
    Complete { id: Cow<'a, str> },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// Reads a message. The payload of `subscribe` stays unread: an error in it concerns that operation only.
pub(super) fn read(text: &str) -> Result<ClientMessage<'_>, Closing> {
    // A derived deserializer would accept an array of the fields as well.
    let object = Some(text).filter(|text| text.trim_start().starts_with('{'));
    let envelope = object.and_then(|text| serde_json::from_str::<Envelope<'_>>(text).ok());
    let envelope =
        envelope.ok_or_else(|| Closing::bad_message("Invalid message: it must be a JSON object with a type"))?;
    let id = envelope.id.filter(|id| (1..=MAX_ID).contains(&id.len()));
    match (envelope.r#type.as_ref(), id, envelope.payload) {
        ("connection_init", _, None) => Ok(ClientMessage::Init(Map::new())),
        ("connection_init", _, Some(payload)) => match strict::parse(payload.get()) {
            Ok(Value::Object(payload)) => Ok(ClientMessage::Init(payload)),
            _ => Err(Closing::bad_message("Invalid message: the payload must be an object")),
        },
        ("ping", ..) => Ok(ClientMessage::Ping),
        ("pong", ..) => Ok(ClientMessage::Pong),
        ("subscribe", Some(id), Some(payload)) => Ok(ClientMessage::Subscribe { id, payload: payload.get() }),
        ("complete", Some(id), _) => Ok(ClientMessage::Complete { id }),
        ("subscribe" | "complete", ..) => Err(Closing::bad_message("Invalid message: id or payload is missing")),
        _ => Err(Closing::bad_message("Invalid message: unknown type")),
    }
}

/// One result of an operation.
pub(super) fn next(id: &str, body: &Bytes) -> String {
    with_payload("next", id, &String::from_utf8_lossy(body))
}

/// The end of an operation that failed as a whole; takes the response map of the refusal.
pub(super) fn error(id: &str, body: &Bytes) -> String {
    #[derive(Deserialize)]
    struct Refused<'a> {
        #[serde(borrow)]
        errors: &'a RawValue,
    }
    let errors = serde_json::from_slice::<Refused<'_>>(body).map_or(r#"[{"message":"refused"}]"#, |it| it.errors.get());
    with_payload("error", id, errors)
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"type":"complete","id":{}}}"#, quoted(id))
}

fn with_payload(kind: &str, id: &str, payload: &str) -> String {
    format!(r#"{{"type":"{kind}","id":{},"payload":{payload}}}"#, quoted(id))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
