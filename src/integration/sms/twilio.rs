//! Twilio, API version 2010-04-01.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use http::Method;
use serde::Deserialize;

use super::{SmsMessage, SmsService, consent_of};
use crate::{
    integration::{
        Consent, DeliveryState, DeliveryStatus, InboundMessage, IntegrationKind, MessageContent, SendFailure, Sent,
        SmsSettings,
        call::{Answered, Call, NoAnswer},
        delivery::of_server,
        inbound::{Arrived, Part},
        signature::{Refused, Scheme, Signed, SignedByTwilio},
    },
    kernel::Result,
    outbound::{Outbound, Reach},
};

const USUAL: &str = "https://api.twilio.com";

pub struct Twilio<'a> {
    pub settings: &'a SmsSettings,
    pub auth_token: &'a str,
}

#[derive(Deserialize)]
struct Message {
    sid: String,
    status: String,
}

#[derive(Deserialize)]
struct Problem {
    code: i64,
}

#[derive(Deserialize)]
struct Numbers {
    incoming_phone_numbers: Vec<serde_json::Value>,
}

fn state(status: &str) -> DeliveryState {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryState::Queued,
        "sent" => DeliveryState::Sent,
        "delivered" | "partially_delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "undelivered" | "failed" | "canceled" => DeliveryState::Failed,
        _ => DeliveryState::Unknown,
    }
}

/// Why a message was refused. The words of Twilio are left out, as they may quote the number and the text.
fn failure(answer: &Answered) -> SendFailure {
    let wait = answer.seconds("retry-after");
    let code = answer.json::<Problem>().map(|problem| problem.code);
    let status = answer.status.as_u16();
    let reason = match code {
        Some(code) => format!("Twilio answered {status} with code {code}"),
        None => format!("Twilio answered {status}"),
    };
    match (status, code.unwrap_or_default()) {
        (_, 21_610) => SendFailure::OptedOut,
        (_, 21_611) => SendFailure::try_again(wait.unwrap_or(600), reason),
        (429, _) | (_, 20_429) => SendFailure::try_again(wait.unwrap_or(30), reason),
        (401..=403, _) | (_, 20_003) => SendFailure::broken(reason),
        (500.., _) => of_server(answer.status, wait),
        _ => SendFailure::Final { code: code.map(|code| code.to_string()), reason },
    }
}

impl Twilio<'_> {
    fn call(&self, method: Method, path: &str) -> Result<Call> {
        let base = self.settings.base_url.as_ref().map_or(USUAL, |url| url.as_str());
        let account = self.settings.account_sid.as_deref().unwrap_or_default();
        Call::new(method, base, &format!("/2010-04-01/Accounts/{account}{path}"), Reach::Configured)?
            .basic(account, self.auth_token)
    }
}

impl SmsService for Twilio<'_> {
    fn send<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a SmsMessage,
        callback: Option<String>,
    ) -> BoxFuture<'a, Result<Sent, SendFailure>> {
        async move {
            let mut fields = vec![("To", message.to.as_str()), ("Body", message.text.as_str())];
            match (&self.settings.messaging_service_sid, &self.settings.sender_number) {
                (Some(service), _) => fields.push(("MessagingServiceSid", service)),
                (None, Some(number)) => fields.push(("From", number.as_str())),
                (None, None) => {}
            }
            fields.extend(callback.as_deref().map(|callback| ("StatusCallback", callback)));
            let answer = self.call(Method::POST, "/Messages.json")?.form(&fields)?.send(outbound).await?;
            if !answer.status.is_success() {
                return Err(failure(&answer));
            }
            match answer.json::<Message>() {
                Some(Message { sid, status }) => Ok(Sent { provider_id: sid, state: state(&status) }),
                None => {
                    Err(SendFailure::Unknown { reason: "Twilio accepted the message without naming it".to_owned() })
                }
            }
        }
        .boxed()
    }

    fn test<'a>(&'a self, outbound: &'a Outbound) -> BoxFuture<'a, Result<Option<String>, NoAnswer>> {
        async move {
            let path = match &self.settings.sender_number {
                Some(number) => {
                    let number: String = url::form_urlencoded::byte_serialize(number.as_str().as_bytes()).collect();
                    format!("/IncomingPhoneNumbers.json?PhoneNumber={number}")
                }
                None => ".json".to_owned(),
            };
            let answer = self.call(Method::GET, &path).map_err(NoAnswer::from)?.send(outbound).await?;
            let wrong = match (answer.status.as_u16(), answer.json::<Numbers>()) {
                (200, _) if self.settings.sender_number.is_none() => return Ok(None),
                (200, Some(numbers)) if numbers.incoming_phone_numbers.is_empty() => {
                    "that the sender number does not belong to this account"
                }
                (200, Some(_)) => return Ok(None),
                (200, None) => "something that is no list of numbers",
                (401 | 403, _) => "that account and authentication token do not fit together",
                (404, _) => "that there is no such account",
                (429, _) => "that there were too many requests; please test again in a minute",
                _ => "with an error",
            };
            Ok(Some(format!("Twilio answered {wrong} ({})", answer.status.as_u16())))
        }
        .boxed()
    }

    fn verify(&self, request: &Signed<'_>, public_url: &str, now: DateTime<Utc>) -> Result<(), Refused> {
        SignedByTwilio { auth_token: self.auth_token, public_url }.verify(request, now)
    }

    fn parse(&self, arrived: &Arrived) -> Result<Vec<Part>, String> {
        let fields: HashMap<String, String> = url::form_urlencoded::parse(&arrived.body).into_owned().collect();
        let field = |name: &str| fields.get(name).filter(|value| !value.is_empty()).cloned();
        let Some(provider_id) = field("MessageSid").or_else(|| field("SmsSid")) else {
            return Ok(vec![Part::other(arrived, "")]);
        };
        let status = field("MessageStatus").or_else(|| field("SmsStatus"));
        if let Some(status) = status.filter(|status| !matches!(status.as_str(), "received" | "receiving")) {
            let code = field("ErrorCode");
            let status = DeliveryStatus {
                kind: IntegrationKind::Sms,
                provider_id,
                state: state(&status),
                is_opted_out: code.as_deref() == Some("21610"),
                error: code.map(|code| format!("Twilio reports code {code}")),
                at: None,
            };
            return Ok(vec![Part::status(status).referring(arrived.query("ref"))]);
        }
        let text = field("Body").unwrap_or_default();
        let consent = match field("OptOutType").as_deref() {
            Some("STOP") => Consent::Stop,
            Some("START") => Consent::Start,
            Some("HELP") => Consent::Help,
            _ => consent_of(&text),
        };
        let to = field("To");
        let has_media = field("NumMedia").is_some_and(|number| number != "0");
        let message = InboundMessage {
            kind: IntegrationKind::Sms,
            provider_id,
            from: field("From"),
            sender_id: None,
            sender_name: None,
            to: to.clone(),
            content: if has_media { MessageContent::Media { caption: Some(text) } } else { MessageContent::Text(text) },
            answers: None,
            consent,
            at: None,
        };
        Ok(vec![Part::message(message).for_channel(to.map(|to| format!("phone:{to}")))])
    }
}
