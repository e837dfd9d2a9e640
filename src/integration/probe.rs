//! The test of an integration: the cheapest call of the service that needs the credentials.

use http::Method;

use super::{
    Integration, IntegrationKind, Integrations, SecretName,
    call::{Answered, Call, NoAnswer},
    settings::{
        CalComSettings, LanguageModelSettings, OscarEmrSettings, OscarProtocol, PaystackSettings, RetellSettings,
        SmsSettings, StripeSettings, VapiSettings, VideoProvider, VideoSettings, WhatsAppSettings,
    },
    sms, whatsapp,
};
use crate::{
    kernel::{Result, text::Url},
    outbound::Reach,
};

/// Why a test was not passed, for people; none if it was.
pub type Verdict = Option<String>;

impl Integrations {
    /// Tests an integration. An error is a failure of this server, not of the service.
    pub(super) async fn test(&self, row: &Integration) -> Result<Verdict> {
        let tested = match row.kind {
            IntegrationKind::Sms => {
                let of = self.opened::<SmsSettings>(row)?;
                sms::service(&of)?.test(self.outbound()).await
            }
            IntegrationKind::WhatsApp => whatsapp::test(&self.opened::<WhatsAppSettings>(row)?, self.outbound()).await,
            IntegrationKind::OscarEmr => {
                let of = self.opened::<OscarEmrSettings>(row)?;
                // Credentials are checked with the first use: here only whether an OSCAR answers at the address.
                let path = match of.settings.protocol {
                    OscarProtocol::Soap => "/ws/SystemInfoService?wsdl",
                    OscarProtocol::Rest => "/ws/services/status/checkIfAuthed",
                };
                let call = Call::new(Method::GET, of.settings.base_url.as_str(), path, Reach::Public)?;
                self.ask("OSCAR", Ok(call), |status| match of.settings.protocol {
                    OscarProtocol::Soap => status == 200,
                    OscarProtocol::Rest => matches!(status, 200 | 400 | 401),
                })
                .await
            }
            IntegrationKind::CalCom => {
                let of = self.opened::<CalComSettings>(row)?;
                let key = of.secrets.require(SecretName::ApiKey)?;
                let call = get(of.settings.base_url.as_ref(), "https://api.cal.com/v2", "/me")
                    .and_then(|call| call.bearer(key))
                    .and_then(|call| call.with("cal-api-version", "2024-08-13"));
                self.ask("Cal.com", call, is_fine).await
            }
            IntegrationKind::Vapi => {
                let of = self.opened::<VapiSettings>(row)?;
                let key = of.secrets.require(SecretName::ApiKey)?;
                let call = get(of.settings.base_url.as_ref(), "https://api.vapi.ai", "/assistant?limit=1");
                self.ask("Vapi", call.and_then(|call| call.bearer(key)), is_fine).await
            }
            IntegrationKind::Retell => {
                let of = self.opened::<RetellSettings>(row)?;
                let key = of.secrets.require(SecretName::ApiKey)?;
                let call = get(of.settings.base_url.as_ref(), "https://api.retellai.com", "/get-concurrency");
                self.ask("Retell", call.and_then(|call| call.bearer(key)), is_fine).await
            }
            IntegrationKind::Paystack => {
                let of = self.opened::<PaystackSettings>(row)?;
                let key = of.secrets.require(SecretName::SecretKey)?;
                let call = get(of.settings.base_url.as_ref(), "https://api.paystack.co", "/balance");
                self.ask("Paystack", call.and_then(|call| call.bearer(key)), is_fine).await
            }
            IntegrationKind::Stripe => {
                let of = self.opened::<StripeSettings>(row)?;
                let key = of.secrets.require(SecretName::SecretKey)?;
                let mut call = get(of.settings.base_url.as_ref(), "https://api.stripe.com/v1", "/account")
                    .and_then(|call| call.bearer(key));
                if let Some(version) = &of.settings.api_version {
                    call = call.and_then(|call| call.with("stripe-version", version));
                }
                self.ask("Stripe", call, is_fine).await
            }
            IntegrationKind::Video => self.test_video(row).await?,
            IntegrationKind::LanguageModel => {
                let of = self.opened::<LanguageModelSettings>(row)?;
                let mut call = get(of.settings.base_url.as_ref(), "https://api.openai.com/v1", "/models");
                if let Some(key) = of.secrets.get(SecretName::ApiKey) {
                    call = call.and_then(|call| call.bearer(key));
                }
                self.ask("The language model", call, is_fine).await
            }
        };
        Ok(tested.unwrap_or_else(|failed| Some(format!("There was no answer: {}", failed.reason()))))
    }

    async fn test_video(&self, row: &Integration) -> Result<Result<Verdict, NoAnswer>> {
        let of = self.opened::<VideoSettings>(row)?;
        let secret = of.secrets.require(SecretName::AppSecret)?;
        let now = self.clock().now();
        Ok(match of.settings.provider {
            VideoProvider::HundredMs => {
                let token = super::video_token::of_100ms(&of.settings.access_key, secret, now)?;
                let call = get(of.settings.base_url.as_ref(), "https://api.100ms.live/v2", "/rooms?limit=10");
                self.ask("100ms", call.and_then(|call| call.bearer(&token)), is_fine).await
            }
            VideoProvider::Livekit => {
                let token = super::video_token::of_livekit(&of.settings.access_key, secret, now)?;
                let base = of.settings.base_url.as_ref().map_or("", |url| url.as_str());
                let path = "/twirp/livekit.RoomService/ListRooms";
                let call = Call::new(Method::POST, base, path, Reach::Configured)
                    .and_then(|call| call.bearer(&token))
                    .and_then(|call| call.json(&serde_json::json!({})));
                self.ask("LiveKit", call, is_fine).await
            }
        })
    }

    /// Makes a call and judges it by the status of the answer.
    async fn ask(
        &self,
        service: &str,
        call: Result<Call>,
        is_passed: impl Fn(u16) -> bool,
    ) -> Result<Verdict, NoAnswer> {
        let answer = call.map_err(NoAnswer::from)?.send(self.outbound()).await?;
        Ok((!is_passed(answer.status.as_u16())).then(|| wrong(service, &answer)))
    }
}

fn is_fine(status: u16) -> bool {
    (200..300).contains(&status)
}

fn get(custom: Option<&Url>, usual: &str, path: &str) -> Result<Call> {
    Call::new(Method::GET, custom.map_or(usual, Url::as_str), path, Reach::Configured)
}

/// What an answer says, for people.
fn wrong(service: &str, answer: &Answered) -> String {
    let status = answer.status.as_u16();
    let what = match status {
        401 => "that the credentials are not valid",
        402 | 403 => "that the credentials do not permit this",
        404 => "that there is nothing at this address",
        429 => "that there were too many requests; please test again in a minute",
        500.. => "with an error of its own; please test again later",
        _ => "with something unexpected",
    };
    format!("{service} answered {what} ({status})")
}
