//! What came in, in the words of this server.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::integration::{DeliveryState, IntegrationKind};

/// A webhook as it is processed: its signature was checked when it came.
pub struct Arrived {
    pub event_id: String,
    pub event_type: Option<String>,
    /// Query of the address that it was sent to.
    pub query: Option<String>,
    pub body: Vec<u8>,
}

/// Without the content, which is about patients.
impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived")
            .field("event_id", &self.event_id)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Arrived {
    /// The body as JSON. The error says where it is wrong, and quotes nothing.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| {
            format!(
                "the body is not of the expected form ({:?} at {}:{})",
                error.classify(),
                error.line(),
                error.column()
            )
        })
    }

    /// A value of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// The error of a part that cannot be read, without the words of the parser, which quote it.
pub fn unreadable(_: serde_json::Error) -> String {
    "a part of the body is not of the expected form".to_owned()
}

/// A part of a webhook that is handled by itself.
#[derive(Debug)]
pub struct Part {
    /// Identifies it at the service, so that it is handled once.
    pub key: String,
    /// Whom it is for, as the settings of an integration name it.
    pub channel: Option<String>,
    /// What went along with the message that it is about.
    pub reference: Option<String>,
    pub content: Inbound,
}

impl Part {
    fn new(key: String, content: Inbound) -> Self {
        Self { key, channel: None, reference: None, content }
    }

    pub fn message(message: InboundMessage) -> Self {
        Self::new(message.provider_id.clone(), Inbound::Message(message))
    }

    pub fn status(status: DeliveryStatus) -> Self {
        Self::new(format!("{}:{:?}", status.provider_id, status.state), Inbound::Status(status))
    }

    pub fn event(arrived: &Arrived, event: ServiceEvent, into: fn(ServiceEvent) -> Inbound) -> Self {
        Self::new(arrived.event_id.clone(), into(event))
    }

    /// Something that is known to happen and that nothing is done about.
    pub fn other(arrived: &Arrived, event_type: &str) -> Self {
        Self::new(arrived.event_id.clone(), Inbound::Other { event_type: event_type.to_owned() })
    }

    pub fn for_channel(self, channel: Option<String>) -> Self {
        Self { channel, ..self }
    }

    pub fn referring(self, reference: Option<String>) -> Self {
        Self { reference, ..self }
    }
}

/// What a part says.
#[derive(Debug, Clone)]
pub enum Inbound {
    /// Somebody has written.
    Message(InboundMessage),
    /// Something became of a message that was sent.
    Status(DeliveryStatus),
    /// Something happened to a phone call.
    Call(ServiceEvent),
    /// Something happened to a booking.
    Booking(ServiceEvent),
    /// Something happened to a payment: ask the service what, as an event alone proves nothing about money.
    Payment(ServiceEvent),
    /// Something happened in a video call.
    Video(ServiceEvent),
    Other {
        event_type: String,
    },
}

/// What a person wants of further messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The message says nothing of it.
    None,
    Stop,
    Start,
    Help,
}

/// A message from outside.
#[derive(Clone)]
pub struct InboundMessage {
    /// `Sms` or `WhatsApp`.
    pub kind: IntegrationKind,
    /// Identifier of the message at the service.
    pub provider_id: String,
    /// Phone number in E.164 format; people on WhatsApp may not show theirs.
    pub from: Option<String>,
    /// Identifier of the person at WhatsApp for this business.
    pub sender_id: Option<String>,
    /// Name that the person gives themselves.
    pub sender_name: Option<String>,
    /// Number that it was sent to.
    pub to: Option<String>,
    pub content: MessageContent,
    /// Identifier of our message that it answers.
    pub answers: Option<String>,
    pub consent: Consent,
    /// Time at the service.
    pub at: Option<DateTime<Utc>>,
}

/// Without who and what, which is about patients.
impl fmt::Debug for InboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InboundMessage");
        shown.field("kind", &self.kind).field("provider_id", &self.provider_id).field("consent", &self.consent);
        shown.finish_non_exhaustive()
    }
}

/// Content of such a message.
#[derive(Clone, PartialEq, Eq)]
pub enum MessageContent {
    Text(String),
    /// A button below one of our messages was pressed.
    Button {
        payload: String,
        title: String,
    },
    /// A picture, a recording or a document, which is not fetched.
    Media {
        caption: Option<String>,
    },
    Other {
        kind: String,
    },
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// `Sms` or `WhatsApp`.
    pub kind: IntegrationKind,
    /// Identifier of the message at the service.
    pub provider_id: String,
    pub state: DeliveryState,
    /// Why it failed, without anything of the message.
    pub error: Option<String>,
    /// Whether it failed because the person does not want messages.
    pub is_opted_out: bool,
    /// Time at the service.
    pub at: Option<DateTime<Utc>>,
}

/// An event of a service whose details are for the module that handles it.
#[derive(Clone)]
pub struct ServiceEvent {
    pub kind: IntegrationKind,
    /// As the service spells it.
    pub event_type: String,
    /// What happened to which call, booking, payment or room, by the identifier of the service.
    pub subject: Option<String>,
    pub body: Value,
}

/// Without the body, which is about patients.
impl fmt::Debug for ServiceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceEvent").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}
