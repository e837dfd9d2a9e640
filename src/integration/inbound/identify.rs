//! The identifier and the type of what came in, from the body alone. A service that gives no identifier gets one of what makes its
//! event the same event; where that is not known, of the bytes.

use serde_json::Value;

use crate::{integration::IntegrationKind, kernel::hex::hex};

/// Characters that are stored of an identifier and of a type.
const LONGEST_ID: usize = 200;
const LONGEST_TYPE: usize = 100;

pub struct Identity {
    pub id: String,
    pub event_type: Option<String>,
}

pub fn identify(kind: IntegrationKind, content_type: &str, body: &[u8]) -> Identity {
    let (id, event_type) = if content_type.starts_with("application/x-www-form-urlencoded") {
        of_form(body)
    } else {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        of_json(kind, &json)
    };
    let digest = || hex(ring::digest::digest(&ring::digest::SHA256, body).as_ref());
    // Postgres takes no zeros in text.
    let is_clean = |text: &String| !text.is_empty() && !text.contains('\0');
    Identity {
        id: id.filter(|id| is_clean(id) && id.chars().count() <= LONGEST_ID).unwrap_or_else(digest),
        event_type: event_type.filter(is_clean).map(|event_type| event_type.chars().take(LONGEST_TYPE).collect()),
    }
}

/// Of Twilio.
fn of_form(body: &[u8]) -> (Option<String>, Option<String>) {
    let field = |name: &str| {
        let found = url::form_urlencoded::parse(body).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    let status = field("MessageStatus").or_else(|| field("SmsStatus")).unwrap_or_else(|| "received".to_owned());
    let id = field("MessageSid").or_else(|| field("SmsSid")).map(|sid| format!("{sid}:{status}"));
    (id, Some(status))
}

fn of_json(kind: IntegrationKind, json: &Value) -> (Option<String>, Option<String>) {
    let text = |pointer: &str| match json.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let joined = |parts: &[Option<String>]| {
        let parts: Option<Vec<&str>> = parts.iter().map(Option::as_deref).collect();
        parts.map(|parts| parts.join(":"))
    };
    match kind {
        IntegrationKind::Sms => (text("/data/id"), text("/data/event_type")),
        IntegrationKind::WhatsApp => (of_whatsapp(json), text("/entry/0/changes/0/field")),
        IntegrationKind::Stripe => (text("/id"), text("/type")),
        IntegrationKind::Video => (text("/id"), text("/type").or_else(|| text("/event"))),
        IntegrationKind::Paystack => {
            let subject = text("/data/id").or_else(|| text("/data/reference"));
            let subject =
                subject.or_else(|| text("/data/refund_reference")).or_else(|| text("/data/transaction_reference"));
            (joined(&[text("/event"), subject, text("/data/status")]), text("/event"))
        }
        IntegrationKind::CalCom => {
            let uid = text("/payload/uid").or_else(|| text("/uid"));
            (joined(&[text("/triggerEvent"), uid, text("/createdAt")]), text("/triggerEvent"))
        }
        IntegrationKind::Retell => {
            let event = text("/event");
            // Other events come several times for a call.
            let is_single =
                event.as_deref().is_some_and(|event| matches!(event, "call_started" | "call_ended" | "call_analyzed"));
            (joined(&[event.clone(), text("/call/call_id")]).filter(|_| is_single), event)
        }
        IntegrationKind::Vapi => {
            let event = text("/message/type");
            let is_single = event.as_deref() == Some("end-of-call-report");
            (joined(&[event.clone(), text("/message/call/id")]).filter(|_| is_single), event)
        }
        IntegrationKind::OscarEmr | IntegrationKind::LanguageModel => (None, None),
    }
}

/// A delivery with a single message or status is that; one with several is its bytes, and each of them is handled once anyway.
fn of_whatsapp(json: &Value) -> Option<String> {
    let entries = json["entry"].as_array()?;
    let mut parts = entries.iter().filter_map(|entry| entry["changes"].as_array()).flatten().flat_map(|change| {
        let list = |name: &str| change["value"][name].as_array().cloned().unwrap_or_default();
        let messages = list("messages").into_iter().filter_map(|message| message["id"].as_str().map(str::to_owned));
        let statuses = list("statuses")
            .into_iter()
            .filter_map(|status| Some(format!("{}:{}", status["id"].as_str()?, status["status"].as_str()?)));
        messages.chain(statuses).collect::<Vec<_>>()
    });
    let first = parts.next();
    first.filter(|_| parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: IntegrationKind, body: &str) -> String {
        identify(kind, "application/json", body.as_bytes()).id
    }

    #[test]
    fn each_service_has_its_own_identifier() {
        use IntegrationKind::{CalCom, Paystack, Retell, Sms, Stripe, Video, WhatsApp};
        assert_eq!(id(Sms, r#"{"data":{"id":"e1","event_type":"message.sent"}}"#), "e1");
        assert_eq!(id(Stripe, r#"{"id":"evt_1"}"#), "evt_1");
        assert_eq!(id(Video, r#"{"id":"EV_1","event":"room_started"}"#), "EV_1");
        let paid = r#"{"event":"charge.success","data":{"id":4099260516,"status":"success"}}"#;
        assert_eq!(id(Paystack, paid), "charge.success:4099260516:success");
        let booked =
            r#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-01-02T03:04:05.000Z","payload":{"uid":"u1"}}"#;
        assert_eq!(id(CalCom, booked), "BOOKING_CREATED:u1:2026-01-02T03:04:05.000Z");
        assert_eq!(id(Retell, r#"{"event":"call_ended","call":{"call_id":"c1"}}"#), "call_ended:c1");
        let status =
            r#"{"entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"w1","status":"read"}]}}]}]}"#;
        assert_eq!(id(WhatsApp, status), "w1:read");
        let form = identify(Sms, "application/x-www-form-urlencoded", b"MessageSid=SM1&MessageStatus=sent");
        assert_eq!((form.id.as_str(), form.event_type.as_deref()), ("SM1:sent", Some("sent")));
    }

    #[test]
    fn what_has_no_identifier_is_its_bytes() {
        for body in ["", "no json", r#"{"event":"transcript_updated","call":{"call_id":"c1"}}"#] {
            let one = id(IntegrationKind::Retell, body);
            assert_eq!(one.len(), 64, "{body}");
            assert_ne!(one, id(IntegrationKind::Retell, &format!("{body} ")));
        }
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(201));
        assert_eq!(id(IntegrationKind::Stripe, &long).len(), 64);
        assert_eq!(id(IntegrationKind::Stripe, "{\"id\":\"a\\u0000\"}").len(), 64);
    }
}
