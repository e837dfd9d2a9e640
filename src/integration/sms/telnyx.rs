//! Telnyx, API version 2.

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{SmsMessage, SmsService, consent_of};
use crate::{
    integration::{
        Consent, DeliveryState, DeliveryStatus, InboundMessage, IntegrationKind, MessageContent, SendFailure, Sent,
        SmsSettings,
        call::{Answered, Call, NoAnswer},
        delivery::of_server,
        inbound::{Arrived, Part, unreadable},
        signature::{Refused, Scheme, Signed, SignedByTelnyx},
    },
    kernel::Result,
    outbound::{Outbound, Reach},
};

const USUAL: &str = "https://api.telnyx.com/v2";

pub struct Telnyx<'a> {
    pub settings: &'a SmsSettings,
    pub api_key: &'a str,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    from: Option<Party>,
    #[serde(default)]
    to: Vec<Party>,
    text: Option<String>,
    #[serde(default)]
    errors: Vec<Problem>,
    #[serde(default)]
    media: Vec<Value>,
    autoresponse_type: Option<String>,
    received_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Party {
    phone_number: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Problems {
    errors: Vec<Problem>,
}

fn state(status: &str) -> DeliveryState {
    match status {
        "queued" | "sending" => DeliveryState::Queued,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "sending_failed" | "delivery_failed" | "expired" => DeliveryState::Failed,
        _ => DeliveryState::Unknown,
    }
}

/// Why a message was refused.
fn failure(answer: &Answered) -> SendFailure {
    let wait = answer.seconds("retry-after").or_else(|| answer.seconds("x-ratelimit-reset"));
    let problem = answer.json::<Problems>().and_then(|problems| problems.errors.into_iter().next());
    let (code, title) = problem.map_or_else(Default::default, |problem| (problem.code, problem.title));
    let status = answer.status.as_u16();
    let reason = format!("Telnyx answered {status} {code} {title}").trim_end().to_owned();
    match (status, code.as_str()) {
        (_, "40300") => SendFailure::OptedOut,
        (_, "40318") => SendFailure::try_again(wait.unwrap_or(300), reason),
        (429, _) | (_, "10011") => SendFailure::try_again(wait.unwrap_or(30), reason),
        (401..=403, _) | (_, "10009") => SendFailure::broken(reason),
        (500.., _) => of_server(answer.status, wait),
        _ => SendFailure::Final { code: Some(code).filter(|code| !code.is_empty()), reason },
    }
}

impl Telnyx<'_> {
    fn call(&self, method: Method, path: &str) -> Result<Call> {
        let base = self.settings.base_url.as_ref().map_or(USUAL, |url| url.as_str());
        Call::new(method, base, path, Reach::Configured)?.bearer(self.api_key)
    }
}

impl SmsService for Telnyx<'_> {
    fn send<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a SmsMessage,
        callback: Option<String>,
    ) -> BoxFuture<'a, Result<Sent, SendFailure>> {
        async move {
            let mut body = json!({ "to": message.to.as_str(), "text": message.text, "type": "SMS" });
            let given = [
                ("from", self.settings.sender_number.as_ref().map(|number| number.as_str().to_owned())),
                ("messaging_profile_id", self.settings.messaging_profile_id.clone()),
                ("webhook_url", callback),
            ];
            for (field, value) in given {
                if let Some(value) = value {
                    body[field] = json!(value);
                }
            }
            let answer = self.call(Method::POST, "/messages")?.json(&body)?.send(outbound).await?;
            if !answer.status.is_success() {
                return Err(failure(&answer));
            }
            let Some(Data { data }) = answer.json::<Data<Message>>() else {
                return Err(SendFailure::Unknown {
                    reason: "Telnyx accepted the message without naming it".to_owned(),
                });
            };
            let status = data.to.first().and_then(|to| to.status.as_deref()).unwrap_or("queued");
            Ok(Sent { provider_id: data.id, state: state(status) })
        }
        .boxed()
    }

    fn test<'a>(&'a self, outbound: &'a Outbound) -> BoxFuture<'a, Result<Option<String>, NoAnswer>> {
        async move {
            let path = match &self.settings.sender_number {
                Some(number) => {
                    let number: String = url::form_urlencoded::byte_serialize(number.as_str().as_bytes()).collect();
                    format!("/phone_numbers?filter[phone_number]={number}")
                }
                None => "/messaging_profiles?page[size]=1".to_owned(),
            };
            let answer = self.call(Method::GET, &path).map_err(NoAnswer::from)?.send(outbound).await?;
            let wrong = match (answer.status.as_u16(), answer.json::<Data<Vec<Value>>>()) {
                (200, Some(list)) if list.data.is_empty() && self.settings.sender_number.is_some() => {
                    "that the sender number does not belong to this account"
                }
                (200, Some(_)) => return Ok(None),
                (200, None) => "something that is no list",
                (401 | 403, _) => "that the API key is not valid",
                (404, _) => "that there is nothing at this address",
                (429, _) => "that there were too many requests; please test again in a minute",
                _ => "with an error",
            };
            Ok(Some(format!("Telnyx answered {wrong} ({})", answer.status.as_u16())))
        }
        .boxed()
    }

    fn verify(&self, request: &Signed<'_>, _: &str, now: DateTime<Utc>) -> Result<(), Refused> {
        let public_key = self.settings.webhook_public_key.as_deref().ok_or(Refused::NotSetUp)?;
        let tolerance = self.settings.tolerance_seconds.unwrap_or(300).into();
        SignedByTelnyx { public_key, tolerance }.verify(request, now)
    }

    fn parse(&self, arrived: &Arrived) -> Result<Vec<Part>, String> {
        let Data { data: mut event } = arrived.json::<Data<Value>>()?;
        let event_type = event["event_type"].as_str().unwrap_or_default().to_owned();
        if !matches!(event_type.as_str(), "message.sent" | "message.finalized" | "message.received") {
            return Ok(vec![Part::other(arrived, &event_type)]);
        }
        let occurred_at = event["occurred_at"].as_str().and_then(|time| time.parse().ok());
        let payload: Message = serde_json::from_value(event["payload"].take()).map_err(unreadable)?;
        let first = payload.to.first();
        if event_type != "message.received" {
            let problem = payload.errors.into_iter().next();
            let status = DeliveryStatus {
                kind: IntegrationKind::Sms,
                provider_id: payload.id,
                state: first.and_then(|to| to.status.as_deref()).map_or(DeliveryState::Unknown, state),
                is_opted_out: problem.as_ref().is_some_and(|problem| problem.code == "40300"),
                error: problem
                    .map(|problem| format!("Telnyx reports {} {}", problem.code, problem.title).trim_end().to_owned()),
                at: occurred_at,
            };
            return Ok(vec![Part::status(status).referring(arrived.query("ref"))]);
        }
        let to = first.and_then(|to| to.phone_number.clone());
        let text = payload.text.unwrap_or_default();
        // Telnyx answers and blocks by itself, and says so.
        let consent = match payload.autoresponse_type.as_deref() {
            Some("STOP") => Consent::Stop,
            Some("START") => Consent::Start,
            Some("HELP") => Consent::Help,
            _ => consent_of(&text),
        };
        let has_media = !payload.media.is_empty();
        let message = InboundMessage {
            kind: IntegrationKind::Sms,
            provider_id: payload.id,
            from: payload.from.and_then(|from| from.phone_number),
            sender_id: None,
            sender_name: None,
            to: to.clone(),
            content: if has_media { MessageContent::Media { caption: Some(text) } } else { MessageContent::Text(text) },
            answers: None,
            consent,
            at: payload.received_at.or(occurred_at),
        };
        Ok(vec![Part::message(message).for_channel(to.map(|to| format!("phone:{to}")))])
    }
}
