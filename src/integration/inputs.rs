//! Inputs of the mutations of integrations.

use super::{
    Integration,
    settings::{
        CalComSettingsInput, CalComSettingsPatch, LanguageModelSettingsInput, LanguageModelSettingsPatch,
        OscarEmrSettingsInput, OscarEmrSettingsPatch, PaystackSettingsInput, PaystackSettingsPatch,
        RetellSettingsInput, RetellSettingsPatch, SmsSettingsInput, SmsSettingsPatch, StripeSettingsInput,
        StripeSettingsPatch, VapiSettingsInput, VapiSettingsPatch, VideoSettingsInput, VideoSettingsPatch,
        WhatsAppSettingsInput, WhatsAppSettingsPatch,
    },
};
use crate::{
    clinic::Clinic,
    input,
    kernel::{
        Id,
        write::{ExpectedVersion, Patch, Text},
    },
    one_of,
};

one_of! {
    /// Settings of a new integration: those of exactly one kind.
    IntegrationSettingsInput {
        /// Settings for text messages.
        Sms as sms: SmsSettingsInput,
        /// Settings of the integration with WhatsApp.
        WhatsApp as whats_app: WhatsAppSettingsInput,
        /// Settings of the integration with OSCAR.
        OscarEmr as oscar_emr: OscarEmrSettingsInput,
        /// Settings of the integration with Cal.com.
        CalCom as cal_com: CalComSettingsInput,
        /// Settings of the integration with Vapi.
        Vapi as vapi: VapiSettingsInput,
        /// Settings of the integration with Retell.
        Retell as retell: RetellSettingsInput,
        /// Settings of the integration with Paystack.
        Paystack as paystack: PaystackSettingsInput,
        /// Settings of the integration with Stripe.
        Stripe as stripe: StripeSettingsInput,
        /// Settings for video calls.
        Video as video: VideoSettingsInput,
        /// Settings for a language model.
        LanguageModel as language_model: LanguageModelSettingsInput,
    }
}

one_of! {
    /// Changes to the settings of an integration: those of its kind.
    IntegrationSettingsPatch {
        /// Changes to the settings for text messages.
        Sms as sms: SmsSettingsPatch,
        /// Changes to the settings for WhatsApp.
        WhatsApp as whats_app: WhatsAppSettingsPatch,
        /// Changes to the settings for OSCAR.
        OscarEmr as oscar_emr: OscarEmrSettingsPatch,
        /// Changes to the settings for Cal.com.
        CalCom as cal_com: CalComSettingsPatch,
        /// Changes to the settings for Vapi.
        Vapi as vapi: VapiSettingsPatch,
        /// Changes to the settings for Retell.
        Retell as retell: RetellSettingsPatch,
        /// Changes to the settings for Paystack.
        Paystack as paystack: PaystackSettingsPatch,
        /// Changes to the settings for Stripe.
        Stripe as stripe: StripeSettingsPatch,
        /// Changes to the settings for video calls.
        Video as video: VideoSettingsPatch,
        /// Changes to the settings for a language model.
        LanguageModel as language_model: LanguageModelSettingsPatch,
    }
}

input! {
    /// Integration that is going to be added.
    CreateIntegrationInput {
        /// Clinic that uses the service. Administrators of the platform must name it unless the integration is the platform's;
        /// others may leave it out, as it can only be the clinic they work in.
        clinic_id: Option<Id<Clinic>>,
        /// Whether the integration belongs to the platform, and serves the clinics that have none of its kind; only administrators
        /// may say so.
        of_platform: bool = false,
        /// Name of the integration, for people.
        name: Text<100>,
        /// Settings and secrets of the integration, which also say of what kind it is.
        settings: IntegrationSettingsInput,
    }
}

input! {
    /// Changes to an integration; fields that are left out keep their values, null removes a secret.
    UpdateIntegrationInput {
        /// Integration that is going to be changed.
        integration_id: Id<Integration>,
        expected_version: ExpectedVersion,
        /// Name of the integration, for people.
        name: Patch<Text<100>>,
        /// Changes to settings and secrets, of the kind of the integration.
        settings: Patch<IntegrationSettingsPatch>,
    }
}

/// An input that names an integration.
macro_rules! naming {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        input! {
            $(#[doc = $doc])+
            $name {
                /// Identifier of the integration.
                integration_id: Id<Integration>,
                expected_version: ExpectedVersion,
            }
        }
    )+};
}
naming! {
    /// Integration that is going to be tested.
    TestIntegrationInput;
    /// Integration that is going to be switched off.
    DisableIntegrationInput;
    /// Integration that is going to be switched on.
    EnableIntegrationInput;
    /// Integration that is going to be removed.
    RemoveIntegrationInput;
    /// Integration whose webhook address is going to be replaced.
    RotateWebhookTokenInput;
}
