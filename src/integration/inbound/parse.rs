//! From the body of a webhook to its parts.

use serde_json::Value;

use super::content::{Arrived, Inbound, Part, ServiceEvent};
use crate::{
    integration::{Integration, IntegrationKind, Integrations, SmsSettings, sms, whatsapp},
    kernel::Result,
};

impl Integrations {
    /// The parts, or why the body cannot be read.
    pub(super) fn parse(&self, row: &Integration, arrived: &Arrived) -> Result<Result<Vec<Part>, String>> {
        Ok(match row.kind {
            IntegrationKind::Sms => sms::service(&self.opened::<SmsSettings>(row)?)?.parse(arrived),
            IntegrationKind::WhatsApp => whatsapp::parse(arrived),
            kind => arrived.json().map(|body| vec![event(kind, arrived, body)]),
        })
    }
}

/// An event of a service that sends one at a time.
fn event(kind: IntegrationKind, arrived: &Arrived, body: Value) -> Part {
    let text = |pointer: &str| match body.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (subject, channel, into): (_, _, fn(ServiceEvent) -> Inbound) = match kind {
        IntegrationKind::Vapi => {
            let assistant = text("/message/call/assistantId").or_else(|| text("/message/assistant/id"));
            let channel = assistant.map(|id| format!("assistant:{id}"));
            let channel = channel.or_else(|| text("/message/call/squadId").map(|id| format!("squad:{id}")));
            let number = text("/message/phoneNumber/number").or_else(|| text("/message/call/phoneNumber/number"));
            (text("/message/call/id"), channel.or_else(|| number.map(|to| format!("phone:{to}"))), Inbound::Call)
        }
        IntegrationKind::Retell => {
            let channel = text("/call/agent_id").map(|id| format!("agent:{id}"));
            let channel = channel.or_else(|| text("/call/to_number").map(|to| format!("phone:{to}")));
            (text("/call/call_id"), channel, Inbound::Call)
        }
        IntegrationKind::CalCom => (text("/payload/uid").or_else(|| text("/uid")), None, Inbound::Booking),
        IntegrationKind::Paystack => {
            let reference = text("/data/reference").or_else(|| text("/data/transaction_reference"));
            (reference, None, Inbound::Payment)
        }
        IntegrationKind::Stripe => (text("/data/object/id"), None, Inbound::Payment),
        IntegrationKind::Video => (text("/data/room_id").or_else(|| text("/room/name")), None, Inbound::Video),
        _ => return Part::other(arrived, arrived.event_type.as_deref().unwrap_or_default()),
    };
    let event_type = arrived.event_type.clone().unwrap_or_default();
    Part::event(arrived, ServiceEvent { kind, event_type, subject, body }, into).for_channel(channel)
}
