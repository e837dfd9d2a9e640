//! Integrations: their declaration and lists of them.

use chrono::{DateTime, Utc};

use super::{
    inbound::WebhookRefusals,
    secrets::IntegrationSecret,
    settings::{
        CalComSettings, LanguageModelSettings, OscarEmrSettings, PaystackSettings, RetellSettings, SmsSettings,
        StripeSettings, VapiSettings, VideoSettings, WhatsAppSettings,
    },
};
use crate::{
    clinic::Clinic,
    entity, filter,
    kernel::{
        Id,
        entity::{JsonList, JsonOne},
    },
    orders, queries,
    schema::integrations,
    states, text_enum,
};

text_enum! {
    /// Kind of an integration: what the service outside is used for.
    IntegrationKind {
        /// The integration reaches OSCAR, an electronic medical record.
        OscarEmr = "oscar_emr",
        /// The integration takes bookings with Cal.com.
        CalCom = "cal_com",
        /// The integration answers the phone with Vapi.
        Vapi = "vapi",
        /// The integration answers the phone with Retell.
        Retell = "retell",
        /// The integration sends and receives messages on WhatsApp.
        WhatsApp = "whats_app",
        /// The integration takes payments with Paystack.
        Paystack = "paystack",
        /// The integration takes payments with Stripe.
        Stripe = "stripe",
        /// The integration sends and receives text messages.
        Sms = "sms",
        /// The integration carries video calls.
        Video = "video",
        /// The integration asks a language model.
        LanguageModel = "language_model",
    }
}

impl IntegrationKind {
    /// What people call it in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::OscarEmr => "OSCAR",
            Self::CalCom => "Cal.com",
            Self::Vapi => "Vapi",
            Self::Retell => "Retell",
            Self::WhatsApp => "WhatsApp",
            Self::Paystack => "Paystack",
            Self::Stripe => "Stripe",
            Self::Sms => "text messages",
            Self::Video => "video calls",
            Self::LanguageModel => "the language model",
        }
    }
}

states! {
    /// Status of an integration.
    IntegrationStatus of Integration.status, "integration" {
        /// The integration was not tested since it was made or changed, and is not used.
        Disconnected = "disconnected" to [Pending, Disabled],
        /// The integration is being tested.
        Pending = "pending" to [Active, Error, Disconnected, Disabled],
        /// The integration works and is used.
        Active = "active" to [Pending, Error, Disconnected, Disabled],
        /// The integration does not work; `lastError` says why. The server tests it again every half hour.
        Error = "error" to [Pending, Active, Disconnected, Disabled],
        /// The integration was switched off.
        Disabled = "disabled" to [Disconnected, Pending],
    }
}

entity! {
    /// Integration with a service outside, of a clinic or of the platform. The settings are in the field of its kind; those of
    /// the other kinds are null. Needs the permission `INTEGRATIONS_MANAGE`.
    Integration "integration" of integrations, tenant clinic_id, live "deleted_at is null", read IntegrationsManage;
    columns {
        /// Identifier of the integration.
        id: Id<Integration>,
        /// Kind of the integration: what the service outside is used for.
        kind: IntegrationKind,
        /// Name of the integration, for people.
        name: String,
        /// Current status of the integration.
        status: IntegrationStatus,
        /// Settings for text messages. Null if the integration is of another kind.
        sms: Option<JsonOne<SmsSettings>>,
        /// Settings for WhatsApp. Null if the integration is of another kind.
        whats_app: Option<JsonOne<WhatsAppSettings>>,
        /// Settings for OSCAR. Null if the integration is of another kind.
        oscar_emr: Option<JsonOne<OscarEmrSettings>>,
        /// Settings for Cal.com. Null if the integration is of another kind.
        cal_com: Option<JsonOne<CalComSettings>>,
        /// Settings for Vapi. Null if the integration is of another kind.
        vapi: Option<JsonOne<VapiSettings>>,
        /// Settings for Retell. Null if the integration is of another kind.
        retell: Option<JsonOne<RetellSettings>>,
        /// Settings for Paystack. Null if the integration is of another kind.
        paystack: Option<JsonOne<PaystackSettings>>,
        /// Settings for Stripe. Null if the integration is of another kind.
        stripe: Option<JsonOne<StripeSettings>>,
        /// Settings for video calls. Null if the integration is of another kind.
        video: Option<JsonOne<VideoSettings>>,
        /// Settings for a language model. Null if the integration is of another kind.
        language_model: Option<JsonOne<LanguageModelSettings>>,
        /// Secrets that an integration of this kind can have, without their values.
        secrets: JsonList<IntegrationSecret>,
        /// Time at which the integration last passed a test. Null if it never did.
        verified_at: Option<DateTime<Utc>>,
        /// Time of the last successful use that the server noted. Null if there was none.
        last_sync_at: Option<DateTime<Utc>>,
        /// Reason why the integration does not work, for people. Null if it works or was never tested.
        last_error: Option<String>,
        /// Time of the failure in `lastError`. Null if there is none.
        failed_at: Option<DateTime<Utc>>,
        /// Time at which the integration was added.
        created_at: DateTime<Utc>,
        /// Time at which the integration was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the integration, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        secrets_enc: Option<Vec<u8>>,
        webhook_nonce: Vec<u8>,
    }
    derived {
        /// Whether the integration belongs to the platform, and serves the clinics that have none of its kind.
        of_platform: bool = "clinic_id = '00000000-0000-0000-0000-000000000000'",
    }
    computed {
        /// Statuses that can follow the current one; empty if there are none.
        next_statuses: Vec<IntegrationStatus> = |_viewer, status: IntegrationStatus| crate::kernel::write::State::next(status).to_vec(),
    }
    edges {
        /// Clinic that uses the service. Null if the integration belongs to the platform.
        clinic: maybe Clinic by clinic_id,
        /// Webhooks of the service that were refused because their signature was wrong. Null if there were none.
        refused_webhooks: maybe_own WebhookRefusals by integration_id,
    }
    unique {
        integrations_clinic_id_kind_key on kind "another integration of this kind is in use; disable it first",
    }
}

orders! {
    /// Order of a list of integrations.
    IntegrationOrder by IntegrationOrderField, usually CreatedAt Asc;
    /// Time at which the integration was added.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of integrations; all of them must hold.
    IntegrationFilter of Integration in integrations, order IntegrationOrder {
        /// Clinic that uses the service.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Kinds, any of which matches.
        kind: any(kind: IntegrationKind),
        /// Statuses, any of which matches.
        status: any(status: IntegrationStatus),
    }
}

queries! {
    /// Queries of integrations.
    IntegrationReads;
    one {
        /// Integration with this id. Null if there is none that the caller may see. Needs the permission `INTEGRATIONS_MANAGE`.
        integration: Integration,
    }
    list {
        /// Integrations of the caller's clinic; for platform administrators, of all clinics and of the platform. Null, with an
        /// error, without the permission `INTEGRATIONS_MANAGE`.
        integrations: Integration,
    }
}
