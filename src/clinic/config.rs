//! Configuration of a clinic.

use std::collections::HashSet;

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::{ActingClinic, Clinic, ClinicConfigEventKind};
use crate::{
    entity, input, json_object,
    kernel::{
        Id, Result,
        db::Scope,
        entity::{JsonList, One},
        error::Problems,
        text::{EmailAddress, LanguageTag, PhoneNumber},
        write::{Assign, Clearable, ExpectedVersion, Int, Items, Patch, Stored, Text},
    },
    provider::Provider,
    schema::clinic_configs,
};

json_object! {
    /// Greeting of a clinic for its callers.
    Greeting {
        /// Language of the greeting.
        language: LanguageTag,
        /// Words of the greeting.
        text: String,
    }
}

entity! {
    /// Configuration of a clinic. Everybody who belongs to the clinic may read it.
    ClinicConfig "clinic_config" of clinic_configs, tenant clinic_id;
    columns {
        /// Identifier of the configuration.
        id: Id<ClinicConfig>,
        /// Time at which the configuration was created.
        created_at: DateTime<Utc>,
        /// Time at which the configuration was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the configuration, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        default_provider_id: Option<Id<Provider>>,
    }
    groups {
        /// Rules for booking appointments.
        booking: ClinicBooking {
            /// Whether the clinic registers new patients.
            accepting_new_patients: bool,
            /// Whether patients can join a waitlist.
            waitlist_enabled: bool,
            /// Number of new patients that may register in a week. Null for no limit.
            max_new_patients_per_week: Option<i32>,
            /// Default duration of an appointment in minutes.
            appointment_duration_minutes: i32,
            /// Minutes left free after each appointment.
            buffer_minutes: i32,
            /// Number of days in advance that patients can book.
            max_advance_booking_days: i32,
            /// Shortest notice for a booking in hours.
            min_advance_booking_hours: i32,
            /// Shortest notice for a cancellation in hours. Null if patients can cancel until the appointment begins.
            cancellation_window_hours: Option<i32>,
            /// Whether the chat assistant can book appointments.
            bot_enabled: bool,
        } edges {
            /// Provider to book if the patient asks for none. Null for any provider who is free.
            default_provider: maybe Provider by default_provider_id,
        },
        /// Languages in which the clinic serves callers.
        language: ClinicLanguage {
            /// Language to begin a call with; one of the supported languages.
            default_language: LanguageTag,
            /// Languages that callers are served in.
            supported_languages: Vec<LanguageTag>,
            /// Greetings for callers, at most one per language.
            greetings: JsonList<Greeting>,
        },
        /// Contacts that calls and prescriptions are passed on to.
        care: ClinicCare {
            /// Phone number that calls are transferred to. Null if calls are not transferred.
            transfer_phone: Option<PhoneNumber>,
            /// Name of the pharmacy that prescriptions go to. Null if there is none.
            preferred_pharmacy_name: Option<String>,
            /// Address of the pharmacy. Null if it is not known.
            preferred_pharmacy_address: Option<String>,
            /// Fax number of the pharmacy. Null if it is not known.
            preferred_pharmacy_fax: Option<PhoneNumber>,
        },
        /// Privacy officer and retention periods of the clinic.
        privacy: ClinicPrivacy {
            /// Name of the privacy officer. Null if nobody is named.
            officer_name: Option<String>,
            /// Email address of the privacy officer. Null if it is not known.
            officer_email: Option<EmailAddress>,
            /// Phone number of the privacy officer. Null if it is not known.
            officer_phone: Option<PhoneNumber>,
            /// Days that transcripts of calls are retained. Null for the platform's default.
            transcript_retention_days: Option<i32>,
            /// Days that call logs are retained. Null for the platform's default.
            call_log_retention_days: Option<i32>,
            /// Years that the audit trail is retained. Null for the platform's default.
            audit_retention_years: Option<i32>,
        } derived {
            /// Days that transcripts of calls are retained, with the default of 90 applied.
            effective_transcript_retention_days: i32 = "coalesce(transcript_retention_days, 90)",
            /// Days that call logs are retained, with the default of 365 applied.
            effective_call_log_retention_days: i32 = "coalesce(call_log_retention_days, 365)",
            /// Years that the audit trail is retained, with the default of 7 applied.
            effective_audit_retention_years: i32 = "coalesce(audit_retention_years, 7)",
        },
    }
    edges {
        /// Clinic that the configuration belongs to.
        clinic: one Clinic by clinic_id,
    }
}

input! {
    /// Changes to the booking rules of a clinic; fields that are left out keep their values.
    ClinicBookingInput for ClinicConfig {
        columns {
            /// Whether the clinic registers new patients.
            accepting_new_patients: Patch<bool>,
            /// Whether patients can join a waitlist.
            waitlist_enabled: Patch<bool>,
            /// Number of new patients that may register in a week. Null for no limit.
            max_new_patients_per_week: Clearable<Int<0, 10_000>>,
            /// Default duration of an appointment in minutes.
            appointment_duration_minutes: Patch<Int<5, 480>>,
            /// Minutes left free after each appointment.
            buffer_minutes: Patch<Int<0, 240>>,
            /// Number of days in advance that patients can book.
            max_advance_booking_days: Patch<Int<1, 730>>,
            /// Shortest notice for a booking in hours.
            min_advance_booking_hours: Patch<Int<0, 720>>,
            /// Shortest notice for a cancellation in hours. Null if patients can cancel until the appointment begins.
            cancellation_window_hours: Clearable<Int<0, 720>>,
            /// Whether the chat assistant can book appointments.
            bot_enabled: Patch<bool>,
            /// Active provider to book if the patient asks for none. Null for any provider who is free.
            default_provider_id: Clearable<Id<Provider>>,
        }
    }
}

input! {
    /// Greeting of a clinic for its callers.
    GreetingInput {
        /// Language of the greeting; must be a supported language.
        language: LanguageTag,
        /// Words of the greeting.
        text: Text<500>,
    }
}

input! {
    /// Changes to the languages of a clinic; fields that are left out keep their values.
    ClinicLanguageInput for ClinicConfig {
        columns {
            /// Language to begin a call with; must be one of the supported languages.
            default_language: Patch<LanguageTag>,
            /// Languages that callers are served in; replaces the whole list.
            supported_languages: Patch<Items<LanguageTag, 1, 20>>,
            /// Greetings for callers, at most one per supported language; replaces the whole list.
            greetings: Patch<Items<GreetingInput, 0, 20>>,
        }
    }
}

input! {
    /// Changes to the contacts of a clinic; fields that are left out keep their values.
    ClinicCareInput for ClinicConfig {
        columns {
            /// Phone number that calls are transferred to. Null if calls are not transferred.
            transfer_phone: Clearable<PhoneNumber>,
            /// Name of the pharmacy that prescriptions go to. Null if there is none.
            preferred_pharmacy_name: Clearable<Text<200>>,
            /// Address of the pharmacy. Null to remove it.
            preferred_pharmacy_address: Clearable<Text<500>>,
            /// Fax number of the pharmacy. Null to remove it.
            preferred_pharmacy_fax: Clearable<PhoneNumber>,
        }
    }
}

input! {
    /// Changes to the privacy officer and the retention periods of a clinic; fields that are left out keep their values.
    ClinicPrivacyInput for ClinicConfig {
        columns {
            /// Name of the privacy officer. Null if nobody is named.
            officer_name: Clearable<Text<200>>,
            /// Email address of the privacy officer. Null to remove it.
            officer_email: Clearable<EmailAddress>,
            /// Phone number of the privacy officer. Null to remove it.
            officer_phone: Clearable<PhoneNumber>,
            /// Days that transcripts of calls are retained. Null for the platform's default of 90.
            transcript_retention_days: Clearable<Int<1, 3650>>,
            /// Days that call logs are retained. Null for the platform's default of 365.
            call_log_retention_days: Clearable<Int<1, 3650>>,
            /// Years that the audit trail is retained. Null for the platform's default of 7.
            audit_retention_years: Clearable<Int<1, 100>>,
        }
    }
}

input! {
    /// Changes to the configuration of a clinic; groups and fields that are left out keep their values.
    UpdateClinicConfigInput {
        clinic_id: ActingClinic,
        expected_version: ExpectedVersion,
        /// Changes to the rules for booking appointments.
        booking: Option<ClinicBookingInput>,
        /// Changes to the languages in which the clinic serves callers.
        language: Option<ClinicLanguageInput>,
        /// Changes to the contacts that calls and prescriptions are passed on to.
        care: Option<ClinicCareInput>,
        /// Changes to the privacy officer and the retention periods.
        privacy: Option<ClinicPrivacyInput>,
    }
}

/// Result of updating the configuration of a clinic.
#[derive(SimpleObject)]
pub struct UpdateClinicConfigPayload {
    /// Configuration after the update.
    clinic_config: One<ClinicConfig>,
}

/// Updates the configuration of a clinic, unless there is any problem with the input.
pub async fn update(
    scope: &Scope,
    input: UpdateClinicConfigInput,
    mut problems: Problems,
) -> Result<UpdateClinicConfigPayload> {
    let clinic = input.clinic_id.resolve(scope).await?;
    let config = ClinicConfig::lock_by(scope, "clinic_id", clinic, input.expected_version).await?;
    if let Some(language) = &input.language {
        check_languages(language, &config, &mut problems);
    }
    if let Some(provider) = input.booking.as_ref().and_then(|booking| booking.default_provider_id.value()) {
        let is_offered = Provider::find(scope, *provider).await?.is_some_and(|provider| provider.is_offered_by(clinic));
        problems.check(is_offered, "input.booking.defaultProviderId", "must be an active provider of the clinic");
    }
    problems.done()?;
    let mut draft = config.edit();
    if let Some(booking) = input.booking {
        draft = booking.apply(draft);
    }
    if let Some(language) = input.language {
        draft = language.apply(draft);
    }
    if let Some(care) = input.care {
        draft = care.apply(draft);
    }
    if let Some(privacy) = input.privacy {
        draft = privacy.apply(draft);
    }
    draft.update(scope, ClinicConfigEventKind::Updated).await?;
    Ok(UpdateClinicConfigPayload { clinic_config: One::of(config.id) })
}

/// Checks the languages as they will be: with the current values for those that are not given.
fn check_languages(input: &ClinicLanguageInput, config: &ClinicConfig, problems: &mut Problems) {
    let supported = input.supported_languages.value().map_or(&config.supported_languages, |items| &items.0);
    let default = input.default_language.value().unwrap_or(&config.default_language);
    let path = "input.language.supportedLanguages";
    problems.check(
        supported.iter().collect::<HashSet<_>>().len() == supported.len(),
        path,
        "must not repeat a language",
    );
    let path = if input.default_language.value().is_some() { "input.language.defaultLanguage" } else { path };
    let message = format!("the default language {} must be one of the supported languages", default.as_str());
    problems.check(supported.contains(default), path, message);
    let mut greeted = HashSet::new();
    for (at, greeting) in input.greetings.value().into_iter().flat_map(|greetings| &greetings.0).enumerate() {
        let path = format!("input.language.greetings.{at}.language");
        problems.check(supported.contains(&greeting.language), &path, "must be a supported language");
        problems.check(greeted.insert(&greeting.language), &path, "must not have a second greeting");
    }
}

impl<const MIN: usize, const MAX: usize> Assign<JsonList<Greeting>> for Patch<Items<GreetingInput, MIN, MAX>> {
    fn assign(self) -> Option<JsonList<Greeting>> {
        let greeting = |input: GreetingInput| Greeting { language: input.language, text: input.text.into_string() };
        let items = Assign::<Items<_, MIN, MAX>>::assign(self)?;
        Some(JsonList(items.0.into_iter().map(greeting).collect()))
    }
}
