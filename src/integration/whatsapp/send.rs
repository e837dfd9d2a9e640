//! Sending messages, and testing whether the phone number can be used.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::failure;
use crate::{
    integration::{
        Active, DeliveryState, Integrations, SecretName, SendFailure, Sent, WhatsAppSettings,
        call::{Answered, Call, NoAnswer},
        delivery::of_server,
    },
    kernel::{Result, text::PhoneNumber},
    outbound::{Outbound, Reach},
};

const USUAL: &str = "https://graph.facebook.com";
/// The version that this was written for.
const VERSION: &str = "v25.0";

/// Who gets a message.
#[derive(Debug, Clone)]
pub enum Recipient {
    Phone(PhoneNumber),
    /// Identifier of a person who does not show their phone number.
    Id(String),
}

/// A button below a message; the payload comes back when it is pressed.
#[derive(Debug, Clone)]
pub struct Button {
    pub payload: String,
    pub title: String,
}

/// What a message says.
#[derive(Debug, Clone)]
pub enum WhatsAppContent {
    /// Possible for a day after the person has written.
    Text(String),
    /// The same, with one to three buttons.
    Buttons { text: String, buttons: Vec<Button> },
    /// An approved template, with the parameters of its body in their order.
    Template { name: String, language: String, parameters: Vec<String> },
}

/// A message that is going to be sent.
#[derive(Debug, Clone)]
pub struct WhatsAppMessage {
    pub to: Recipient,
    pub content: WhatsAppContent,
    /// Identifier of the message that this one answers.
    pub answers: Option<String>,
    /// What comes back in reports of the message, as [`Integrations::reference`] makes it.
    pub reference: String,
}

impl WhatsAppMessage {
    fn body(&self) -> Value {
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "biz_opaque_callback_data": self.reference,
        });
        match &self.to {
            Recipient::Phone(number) => body["to"] = json!(number.as_str()),
            Recipient::Id(id) => body["recipient"] = json!(id),
        }
        if let Some(answers) = &self.answers {
            body["context"] = json!({ "message_id": answers });
        }
        let (kind, content) = match &self.content {
            WhatsAppContent::Text(text) => ("text", json!({ "body": text, "preview_url": false })),
            WhatsAppContent::Buttons { text, buttons } => {
                let reply = |button: &Button| json!({ "type": "reply", "reply": { "id": button.payload, "title": button.title } });
                let buttons: Vec<_> = buttons.iter().map(reply).collect();
                ("interactive", json!({ "type": "button", "body": { "text": text }, "action": { "buttons": buttons } }))
            }
            WhatsAppContent::Template { name, language, parameters } => {
                let parameters: Vec<_> =
                    parameters.iter().map(|text| json!({ "type": "text", "text": text })).collect();
                let mut template = json!({ "name": name, "language": { "code": language.replace('-', "_") } });
                if !parameters.is_empty() {
                    template["components"] = json!([{ "type": "body", "parameters": parameters }]);
                }
                ("template", template)
            }
        };
        body["type"] = json!(kind);
        body[kind] = content;
        body
    }

    /// What Meta would refuse.
    fn problem(&self) -> Option<&'static str> {
        let count = |text: &str| text.chars().count();
        match &self.content {
            WhatsAppContent::Text(text) if !(1..=4096).contains(&count(text)) => {
                Some("a text has 1 to 4,096 characters")
            }
            WhatsAppContent::Buttons { text, .. } if !(1..=1024).contains(&count(text)) => {
                Some("a text with buttons has 1 to 1,024 characters")
            }
            WhatsAppContent::Buttons { buttons, .. } if !(1..=3).contains(&buttons.len()) => {
                Some("a message has one to three buttons")
            }
            WhatsAppContent::Buttons { buttons, .. } => {
                let fits = |button: &Button| {
                    (1..=20).contains(&count(&button.title)) && (1..=256).contains(&count(&button.payload))
                };
                (!buttons.iter().all(fits)).then_some("a button has a title of at most 20 characters")
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Accepted {
    messages: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Problem {
    error: Code,
}

#[derive(Deserialize)]
struct Code {
    code: i64,
}

fn call(of: &Active<WhatsAppSettings>, method: Method, path: &str) -> Result<Call> {
    let base = of.settings.base_url.as_ref().map_or(USUAL, |url| url.as_str());
    let version = of.settings.api_version.as_deref().unwrap_or(VERSION);
    let number = &of.settings.phone_number_id;
    Call::new(method, base, &format!("/{version}/{number}{path}"), Reach::Configured)?
        .bearer(of.secrets.require(SecretName::AccessToken)?)
}

fn refused(answer: &Answered) -> SendFailure {
    let status = answer.status.as_u16();
    match answer.json::<Problem>() {
        Some(problem) => failure(problem.error.code),
        None if status == 401 => SendFailure::broken("WhatsApp answered 401"),
        None if status == 429 => {
            SendFailure::try_again(answer.seconds("retry-after").unwrap_or(60), "WhatsApp answered 429")
        }
        None if answer.status.is_server_error() => of_server(answer.status, answer.seconds("retry-after")),
        None => SendFailure::Final { code: None, reason: format!("WhatsApp answered {status}") },
    }
}

impl Integrations {
    /// Sends a message once. That it is accepted does not mean that it is delivered: what becomes of it comes in as a
    /// [`DeliveryStatus`](crate::integration::DeliveryStatus).
    pub async fn send_whatsapp(
        &self,
        by: &Active<WhatsAppSettings>,
        message: &WhatsAppMessage,
    ) -> Result<Sent, SendFailure> {
        if let Some(problem) = message.problem() {
            return Err(SendFailure::Final { code: None, reason: problem.to_owned() });
        }
        let answer = call(by, Method::POST, "/messages")?.json(&message.body())?.send(self.outbound()).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let named = answer.json::<Accepted>().and_then(|accepted| accepted.messages.into_iter().next());
        match named {
            Some(Named { id }) => Ok(Sent { provider_id: id, state: DeliveryState::Queued }),
            None => Err(SendFailure::Unknown { reason: "WhatsApp accepted the message without naming it".to_owned() }),
        }
    }
}

/// Asks Meta for the phone number; else says what is wrong.
pub async fn test(of: &Active<WhatsAppSettings>, outbound: &Outbound) -> Result<Option<String>, NoAnswer> {
    let path = "?fields=verified_name,code_verification_status,display_phone_number,quality_rating";
    let answer = call(of, Method::GET, path).map_err(NoAnswer::from)?.send(outbound).await?;
    if answer.status.is_success() {
        return Ok(None);
    }
    Ok(Some(match answer.json::<Problem>() {
        Some(Problem { error: Code { code: 100 } }) => {
            "WhatsApp knows no phone number with this identifier that the access token may use (code 100)".to_owned()
        }
        Some(problem) => failure(problem.error.code).reason().to_owned(),
        None => format!("WhatsApp answered {}", answer.status.as_u16()),
    }))
}
