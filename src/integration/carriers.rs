//! Text messages and messages on WhatsApp for notifications, by the integration that is in use in the clinic; and what services
//! and people report of them.

use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    Active, Consent, DeliveryState, Inbound, InboundHandler, IntegrationKind, Integrations, Received, Recipient,
    SendFailure, Sent, Settings, SmsMessage, SmsSettings, WhatsAppContent, WhatsAppMessage, WhatsAppSettings,
};
use crate::{
    kernel::{Id, Result, db::Scope, text::PhoneNumber},
    notification::{
        self, Accepted, Carried, Carrier, NotificationChannel, NotificationDeliveryStatus, Receipt, Unsent,
    },
};

/// Carries text messages.
#[derive(Clone)]
pub struct SmsCarrier(pub Integrations);

/// Carries messages on WhatsApp.
#[derive(Clone)]
pub struct WhatsAppCarrier(pub Integrations);

impl Carrier for SmsCarrier {
    fn serves<'a>(&'a self, scope: &'a Scope, clinic: Uuid) -> BoxFuture<'a, Result<bool>> {
        serves::<SmsSettings>(&self.0, scope, clinic).boxed()
    }

    fn carry<'a>(&'a self, message: &'a Carried) -> BoxFuture<'a, Result<Accepted, Unsent>> {
        async move {
            let by = in_use::<SmsSettings>(&self.0, message.clinic).await?;
            let message = SmsMessage {
                to: number(&message.address)?,
                text: message.text.clone(),
                reference: self.0.reference(message.clinic, message.delivery),
            };
            let sent = self.0.send_sms(&by, &message).await;
            outcome(&self.0, &by, sent).await
        }
        .boxed()
    }
}

impl Carrier for WhatsAppCarrier {
    fn serves<'a>(&'a self, scope: &'a Scope, clinic: Uuid) -> BoxFuture<'a, Result<bool>> {
        serves::<WhatsAppSettings>(&self.0, scope, clinic).boxed()
    }

    fn carry<'a>(&'a self, message: &'a Carried) -> BoxFuture<'a, Result<Accepted, Unsent>> {
        async move {
            let by = in_use::<WhatsAppSettings>(&self.0, message.clinic).await?;
            // Whoever has not written for a day can be sent a template only.
            let content = match &by.settings.template_name {
                Some(name) => WhatsAppContent::Template {
                    name: name.clone(),
                    language: by.settings.template_language.clone().unwrap_or_else(|| "en_US".to_owned()),
                    parameters: vec![message.text.clone()],
                },
                None => WhatsAppContent::Text(message.text.clone()),
            };
            let message = WhatsAppMessage {
                to: Recipient::Phone(number(&message.address)?),
                content,
                answers: None,
                reference: self.0.reference(message.clinic, message.delivery),
            };
            let sent = self.0.send_whatsapp(&by, &message).await;
            outcome(&self.0, &by, sent).await
        }
        .boxed()
    }
}

async fn serves<S: Settings>(integrations: &Integrations, scope: &Scope, clinic: Uuid) -> Result<bool> {
    Ok(integrations.active::<S>(scope, Id::from_uuid(clinic)).await?.is_some())
}

fn number(address: &str) -> Result<PhoneNumber, Unsent> {
    PhoneNumber::new(address).map_err(Unsent::Refused)
}

/// The integration that is in use. One that has failed may work again before the message is too old.
async fn in_use<S: Settings>(integrations: &Integrations, clinic: Uuid) -> Result<Active<S>, Unsent> {
    let found = integrations
        .database()
        .as_system(None, async |scope| integrations.active::<S>(scope, Id::from_uuid(clinic)).await)
        .await;
    match found {
        Ok(Some(active)) => Ok(active),
        Ok(None) => Err(Unsent::Later(format!("no working integration for {} is set up", S::KIND.noun()))),
        Err(error) => Err(Unsent::Later(error.to_string())),
    }
}

async fn outcome<S>(
    integrations: &Integrations,
    by: &Active<S>,
    sent: Result<Sent, SendFailure>,
) -> Result<Accepted, Unsent> {
    let noted = match &sent {
        Ok(_) => integrations.report_success(by).await,
        Err(SendFailure::Broken { reason }) => integrations.report_failure(by, reason).await,
        Err(_) => Ok(()),
    };
    if let Err(error) = noted {
        tracing::warn!(%error, cause = ?error.cause(), "cannot note whether an integration works");
    }
    match sent {
        Ok(sent) => Ok(Accepted { provider_message_id: Some(sent.provider_id) }),
        Err(SendFailure::TryAgain { reason, .. } | SendFailure::Broken { reason }) => Err(Unsent::Later(reason)),
        Err(SendFailure::Unknown { reason }) => Err(Unsent::Unknown(reason)),
        Err(failure @ (SendFailure::Final { .. } | SendFailure::OptedOut | SendFailure::NeedsTemplate)) => {
            Err(Unsent::Refused(failure.reason().to_owned()))
        }
    }
}

fn channel(kind: IntegrationKind) -> NotificationChannel {
    match kind {
        IntegrationKind::WhatsApp => NotificationChannel::Whatsapp,
        _ => NotificationChannel::Sms,
    }
}

/// Notes what became of a message.
pub const FOLLOW_DELIVERY: InboundHandler = InboundHandler {
    name: "follow_notification_delivery",
    wants: |content| matches!(content, Inbound::Status(_)),
    handle: |scope, received| follow(scope, received).boxed(),
};

async fn follow(scope: &Scope, received: &Received) -> Result<()> {
    let (Inbound::Status(status), Some(clinic)) = (&received.content, received.clinic) else { return Ok(()) };
    let to = match status.state {
        DeliveryState::Sent => NotificationDeliveryStatus::Sent,
        DeliveryState::Delivered => NotificationDeliveryStatus::Delivered,
        DeliveryState::Read => NotificationDeliveryStatus::Read,
        DeliveryState::Failed => NotificationDeliveryStatus::Failed,
        DeliveryState::Queued | DeliveryState::Unknown => return Ok(()),
    };
    let at = status.at.unwrap_or_else(|| scope.now());
    let receipt = Receipt { status: to, error: status.error.clone(), at };
    notification::receive(scope, clinic.uuid(), (received.reference, &status.provider_id), &receipt).await?;
    Ok(())
}

/// Notes that somebody wants no more messages, or wants them again.
pub const FOLLOW_CONSENT: InboundHandler = InboundHandler {
    name: "follow_contact_consent",
    wants: |content| matches!(content, Inbound::Message(message) if matches!(message.consent, Consent::Stop | Consent::Start)),
    handle: |scope, received| consent(scope, received).boxed(),
};

async fn consent(scope: &Scope, received: &Received) -> Result<()> {
    let Inbound::Message(message) = &received.content else { return Ok(()) };
    let Some(from) = &message.from else { return Ok(()) };
    let wants = message.consent == Consent::Start;
    let clinic = received.clinic.map(Id::uuid);
    let at = message.at.unwrap_or_else(|| scope.now());
    notification::answer(scope, clinic, (channel(message.kind), from), (wants, at)).await
}
