//! Which scheme the webhooks of an integration have.

use chrono::{DateTime, Utc};

use crate::{
    integration::{
        CalComSettings, Integration, IntegrationKind, Integrations, PaystackSettings, RetellSettings, SecretName,
        SmsSettings, StripeSettings, VapiAuthentication, VapiSettings, VideoProvider, VideoSettings, WhatsAppSettings,
        signature::{
            Refused, Scheme, SecretHeader, Signed, SignedBody, SignedByLivekit, SignedByRetell, SignedByStripe,
            SignedByVapi,
        },
        sms,
    },
    kernel::Result,
};

/// Difference in seconds between the time of a webhook and the clock of this server.
const TOLERANCE: i64 = 300;

impl Integrations {
    /// Accepts a webhook for an integration, or says why not.
    pub(super) fn verify(
        &self,
        row: &Integration,
        request: &Signed<'_>,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Refused>> {
        let not_set_up = Ok(Err(Refused::NotSetUp));
        Ok(match row.kind {
            IntegrationKind::Sms => {
                let of = self.opened::<SmsSettings>(row)?;
                let Ok(service) = sms::service(&of) else { return not_set_up };
                service.verify(request, self.public_url().unwrap_or_default(), now)
            }
            IntegrationKind::WhatsApp => {
                let of = self.opened::<WhatsAppSettings>(row)?;
                let Some(secret) = of.secrets.get(SecretName::AppSecret) else { return not_set_up };
                SignedBody::by_whatsapp(secret).verify(request, now)
            }
            IntegrationKind::Paystack => {
                let of = self.opened::<PaystackSettings>(row)?;
                let Some(secret) = of.secrets.get(SecretName::SecretKey) else { return not_set_up };
                SignedBody::by_paystack(secret).verify(request, now)
            }
            IntegrationKind::CalCom => {
                let of = self.opened::<CalComSettings>(row)?;
                let Some(secret) = of.secrets.get(SecretName::WebhookSecret) else { return not_set_up };
                SignedBody::by_cal_com(secret).verify(request, now)
            }
            IntegrationKind::Stripe => {
                let of = self.opened::<StripeSettings>(row)?;
                let Some(secret) = of.secrets.get(SecretName::WebhookSecret) else { return not_set_up };
                SignedByStripe { secret, tolerance: TOLERANCE }.verify(request, now)
            }
            IntegrationKind::Retell => {
                let of = self.opened::<RetellSettings>(row)?;
                let Some(api_key) = of.secrets.get(SecretName::ApiKey) else { return not_set_up };
                SignedByRetell { api_key, tolerance: TOLERANCE }.verify(request, now)
            }
            IntegrationKind::Vapi => {
                let of = self.opened::<VapiSettings>(row)?;
                let Some(secret) = of.secrets.get(SecretName::WebhookSecret) else { return not_set_up };
                by_vapi(&of.settings, secret, request, now)
            }
            IntegrationKind::Video => {
                let of = self.opened::<VideoSettings>(row)?;
                match (
                    of.settings.provider,
                    of.secrets.get(SecretName::AppSecret),
                    of.secrets.get(SecretName::WebhookSecret),
                ) {
                    (VideoProvider::Livekit, Some(api_secret), _) => {
                        SignedByLivekit { api_key: &of.settings.access_key, api_secret }.verify(request, now)
                    }
                    (VideoProvider::HundredMs, _, Some(secret)) => {
                        SecretHeader { header: "x-webhook-secret", prefix: "", secret }.verify(request, now)
                    }
                    _ => return not_set_up,
                }
            }
            // They send nothing.
            IntegrationKind::OscarEmr | IntegrationKind::LanguageModel => return not_set_up,
        })
    }
}

fn by_vapi(settings: &VapiSettings, secret: &str, request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refused> {
    match settings.authentication {
        VapiAuthentication::Secret => SecretHeader { header: "x-vapi-secret", prefix: "", secret }.verify(request, now),
        VapiAuthentication::Bearer => {
            SecretHeader { header: "authorization", prefix: "Bearer ", secret }.verify(request, now)
        }
        VapiAuthentication::Hmac => SignedByVapi {
            secret,
            signature_header: settings.signature_header.as_deref().unwrap_or("x-signature"),
            timestamp_header: settings.timestamp_header.as_deref().unwrap_or("x-timestamp"),
            tolerance: settings.tolerance_seconds.map_or(TOLERANCE, i64::from),
        }
        .verify(request, now),
    }
}
