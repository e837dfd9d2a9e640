//! What Meta sends: messages of people, what became of ours, and what happens to the account.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::errors::{OPTED_OUT, meaning};
use crate::integration::{
    Consent, DeliveryState, DeliveryStatus, InboundMessage, IntegrationKind, MessageContent,
    inbound::{Arrived, Part, unreadable},
    sms::consent_of,
};

#[derive(Deserialize)]
struct Delivery {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    field: String,
    value: Value,
}

/// Without messages and statuses it tells of trouble with the account.
#[derive(Deserialize)]
struct Messages {
    metadata: Metadata,
    #[serde(default)]
    contacts: Vec<Contact>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
    display_phone_number: Option<String>,
}

#[derive(Deserialize)]
struct Contact {
    profile: Option<Profile>,
    wa_id: Option<String>,
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct Profile {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    from: Option<String>,
    from_user_id: Option<String>,
    timestamp: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    context: Option<Context>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Deserialize)]
struct Context {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    timestamp: Option<String>,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    code: i64,
}

#[derive(Deserialize)]
struct Preferences {
    metadata: Option<Metadata>,
    #[serde(default)]
    user_preferences: Vec<Preference>,
}

#[derive(Deserialize)]
struct Preference {
    wa_id: Option<String>,
    user_id: Option<String>,
    value: String,
    timestamp: Option<Value>,
}

/// The parts of a delivery. Fields and values that Meta adds are ignored.
pub fn parse(arrived: &Arrived) -> Result<Vec<Part>, String> {
    let delivery: Delivery = arrived.json()?;
    let mut parts = Vec::new();
    for change in delivery.entry.into_iter().flat_map(|entry| entry.changes) {
        match change.field.as_str() {
            "messages" => add(serde_json::from_value(change.value).map_err(unreadable)?, &mut parts),
            "user_preferences" => {
                parts.extend(preferences(serde_json::from_value(change.value).map_err(unreadable)?));
            }
            other => parts.push(Part::other(arrived, other)),
        }
    }
    Ok(parts)
}

fn add(told: Messages, parts: &mut Vec<Part>) {
    let Messages { metadata, contacts, messages, statuses } = told;
    let channel = Some(format!("phone_number_id:{}", metadata.phone_number_id));
    for message in messages {
        let is_same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        let contact = contacts
            .iter()
            .find(|contact| is_same(&contact.wa_id, &message.from) || is_same(&contact.user_id, &message.from_user_id));
        let content = content(&message.kind, &message.more);
        let consent = match &content {
            MessageContent::Text(text) => consent_of(text),
            _ => Consent::None,
        };
        let message = InboundMessage {
            kind: IntegrationKind::WhatsApp,
            provider_id: message.id,
            from: message.from.map(|digits| format!("+{digits}")),
            sender_id: message.from_user_id.or_else(|| contact.and_then(|contact| contact.user_id.clone())),
            sender_name: contact.and_then(|contact| contact.profile.as_ref()).and_then(|profile| profile.name.clone()),
            to: metadata.display_phone_number.clone(),
            content,
            answers: message.context.and_then(|context| context.id),
            consent,
            at: message.timestamp.as_deref().and_then(time),
        };
        parts.push(Part::message(message).for_channel(channel.clone()));
    }
    for status in statuses {
        let code = status.errors.first().map(|problem| problem.code);
        let told = DeliveryStatus {
            kind: IntegrationKind::WhatsApp,
            provider_id: status.id,
            state: state(&status.status),
            is_opted_out: code == Some(OPTED_OUT),
            error: code.map(|code| format!("WhatsApp reports code {code}: {}", meaning(code))),
            at: status.timestamp.as_deref().and_then(time),
        };
        parts.push(Part::status(told).for_channel(channel.clone()).referring(status.biz_opaque_callback_data));
    }
}

fn content(kind: &str, more: &Map<String, Value>) -> MessageContent {
    let inside = more.get(kind).unwrap_or(&Value::Null);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match kind {
        "text" => MessageContent::Text(text(&inside["body"]).unwrap_or_default()),
        "button" => MessageContent::Button {
            payload: text(&inside["payload"]).unwrap_or_default(),
            title: text(&inside["text"]).unwrap_or_default(),
        },
        "interactive" => {
            let reply = inside["type"].as_str().map_or(&Value::Null, |kind| &inside[kind]);
            match text(&reply["id"]) {
                Some(payload) => MessageContent::Button { payload, title: text(&reply["title"]).unwrap_or_default() },
                None => MessageContent::Other { kind: kind.to_owned() },
            }
        }
        "image" | "audio" | "video" | "document" | "sticker" => {
            MessageContent::Media { caption: text(&inside["caption"]) }
        }
        other => MessageContent::Other { kind: other.to_owned() },
    }
}

fn preferences(told: Preferences) -> impl Iterator<Item = Part> {
    let channel = told.metadata.map(|metadata| format!("phone_number_id:{}", metadata.phone_number_id));
    told.user_preferences.into_iter().map(move |preference| {
        let consent = match preference.value.as_str() {
            "stop" => Consent::Stop,
            "resume" | "signup" => Consent::Start,
            _ => Consent::None,
        };
        // A number here, and a text everywhere else.
        let at = preference.timestamp.map_or_else(String::new, |at| at.to_string());
        let at = at.trim_matches('"');
        let who = preference.user_id.as_ref().or(preference.wa_id.as_ref()).map_or("", String::as_str);
        let message = InboundMessage {
            kind: IntegrationKind::WhatsApp,
            provider_id: format!("preference:{who}:{}:{at}", preference.value),
            from: preference.wa_id.as_ref().map(|digits| format!("+{digits}")),
            sender_id: preference.user_id.clone(),
            sender_name: None,
            to: None,
            content: MessageContent::Other { kind: "user_preferences".to_owned() },
            answers: None,
            consent,
            at: time(at),
        };
        Part::message(message).for_channel(channel.clone())
    })
}

fn state(status: &str) -> DeliveryState {
    match status {
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" | "played" => DeliveryState::Read,
        "failed" => DeliveryState::Failed,
        _ => DeliveryState::Unknown,
    }
}

/// Seconds since 1970.
fn time(seconds: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}
