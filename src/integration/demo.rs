//! Demo data: text messages that one clinic has begun to set up and has not tested yet.

use super::{Integration, IntegrationKind, IntegrationSecret, SecretName, Settings, SmsProvider, SmsSettings};
use crate::{
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Id, Result,
        db::Scope,
        demo::Demo,
        entity::JsonList,
        text::PhoneNumber,
        write::{Draft, NoEvent},
    },
};

/// The clinic that has begun.
const CLINIC: &str = "acacia";

/// Writes the integration.
pub async fn load(scope: &Scope, demo: &mut Demo, clinics: &[(Id<Clinic>, &DemoClinic)]) -> Result<()> {
    let settings = SmsSettings {
        provider: SmsProvider::Telnyx,
        sender_number: PhoneNumber::new("+254205550199").ok(),
        messaging_profile_id: None,
        messaging_service_sid: None,
        account_sid: None,
        webhook_public_key: None,
        tolerance_seconds: None,
        base_url: None,
    };
    let unset =
        |name: &SecretName| IntegrationSecret { name: *name, configured: false, last_four: None, updated_at: None };
    let secrets: Vec<_> = SmsSettings::SECRETS.iter().map(unset).collect();
    let drafts = clinics.iter().filter(|(_, clinic)| clinic.slug == CLINIC).map(|(clinic, _)| {
        let draft = demo.new_in::<Integration, _>(*clinic).name("Text messages").kind(IntegrationKind::Sms);
        settings.clone().draft(draft).secrets(JsonList(secrets.clone()))
    });
    let drafts = drafts.collect();
    Draft::insert_all(scope, drafts, NoEvent).await
}
