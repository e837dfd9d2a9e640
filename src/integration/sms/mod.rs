//! Text messages: one trait, with Telnyx and Twilio behind it.

mod telnyx;
mod twilio;
mod words;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

pub use self::words::consent_of;
use super::{
    Active, Integrations, SecretName, SendFailure, Sent, SmsProvider, SmsSettings,
    call::NoAnswer,
    inbound::{Arrived, Part},
    signature::{Refused, Signed},
};
use crate::{
    kernel::{Result, text::PhoneNumber},
    outbound::Outbound,
};

/// A text message that is going to be sent.
#[derive(Debug, Clone)]
pub struct SmsMessage {
    pub to: PhoneNumber,
    pub text: String,
    /// What comes back in reports of the message, as [`Integrations::reference`] makes it.
    pub reference: String,
}

/// A service that sends text messages. It has no key by which a repeated request is recognised.
pub trait SmsService: Send + Sync {
    /// Sends a message; the service reports to the callback what becomes of it.
    fn send<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a SmsMessage,
        callback: Option<String>,
    ) -> BoxFuture<'a, Result<Sent, SendFailure>>;

    /// Asks the service whether credentials and sender are right; else says what is wrong.
    fn test<'a>(&'a self, outbound: &'a Outbound) -> BoxFuture<'a, Result<Option<String>, NoAnswer>>;

    /// Checks that a request is from the service.
    fn verify(&self, request: &Signed<'_>, public_url: &str, now: DateTime<Utc>) -> Result<(), Refused>;

    /// What a request says.
    fn parse(&self, arrived: &Arrived) -> Result<Vec<Part>, String>;
}

/// The service of an integration.
pub fn service(of: &Active<SmsSettings>) -> Result<Box<dyn SmsService + '_>> {
    let settings = &of.settings;
    Ok(match settings.provider {
        SmsProvider::Telnyx => Box::new(telnyx::Telnyx { settings, api_key: of.secrets.require(SecretName::ApiKey)? }),
        SmsProvider::Twilio => {
            Box::new(twilio::Twilio { settings, auth_token: of.secrets.require(SecretName::AuthToken)? })
        }
    })
}

impl Integrations {
    /// Sends a text message once. What becomes of it comes in as a [`DeliveryStatus`](super::DeliveryStatus).
    pub async fn send_sms(&self, by: &Active<SmsSettings>, message: &SmsMessage) -> Result<Sent, SendFailure> {
        service(by)?.send(self.outbound(), message, self.callback(by, &message.reference)).await
    }
}
