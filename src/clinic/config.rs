//! How a clinic wants to be run.

use std::collections::HashSet;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper, update};
use diesel_async::RunQueryDsl;

use super::Clinic;
use crate::{
    entity, json_object,
    kernel::{
        Error, Id, Result,
        db::{Scope, prepared},
        entity::JsonList,
        error::Problems,
        events::Event,
        text::{EmailAddress, LanguageTag, PhoneNumber},
    },
    patch,
    provider::{self, Provider},
    schema::clinic_configs,
};

json_object! {
    /// What callers hear first.
    Greeting input "GreetingInput" {
        /// The language it is in.
        language: LanguageTag,
        /// The words, at most 500 characters.
        text: String,
    }
}

entity! {
    /// How a clinic wants to be run. Everybody who belongs to the clinic may read it.
    ClinicConfig "clinic_config" of clinic_configs, tenant clinic_id;
    columns {
        /// The configuration's id.
        id: Id<ClinicConfig>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    groups {
        /// How it is booked.
        booking: ClinicBooking {
            /// Whether people who are no patients yet can register.
            accepting_new_patients: bool,
            /// Whether people can wait for a place.
            waitlist_enabled: bool,
            /// So many registrations in a week of the clinic; null for any number.
            max_new_patients_per_week: Option<i32>,
            /// How long an appointment takes where nothing else says so.
            appointment_duration_minutes: i32,
            /// Free time behind each appointment.
            buffer_minutes: i32,
            /// How far ahead patients can book.
            max_advance_booking_days: i32,
            /// How short before they can.
            min_advance_booking_hours: i32,
            /// Until so many hours before they can cancel; null for until it begins.
            cancellation_window_hours: Option<i32>,
            /// Whether the chat bot books.
            bot_enabled: bool,
        } edges {
            /// Who is booked when nobody is asked for; null for whoever is free.
            default_provider: maybe Provider by default_provider_id,
        },
        /// The languages it speaks with callers.
        language: ClinicLanguage {
            /// The one to begin with; always among the supported ones.
            default_language: LanguageTag,
            /// Those callers are served in.
            supported_languages: Vec<LanguageTag>,
            /// What callers hear first, once for each language at most.
            greetings: JsonList<Greeting>,
        },
        /// Where it hands over to.
        care: ClinicCare {
            /// Where calls are transferred to; null for nowhere.
            transfer_phone: Option<PhoneNumber>,
            /// The pharmacy prescriptions go to; null for none.
            preferred_pharmacy_name: Option<String>,
            /// Its address; null when none is known.
            preferred_pharmacy_address: Option<String>,
            /// Its fax; null when none is known.
            preferred_pharmacy_fax: Option<PhoneNumber>,
        },
        /// Who answers for privacy, and how long things are kept.
        privacy: ClinicPrivacy {
            /// Who answers for privacy; null while nobody is named.
            officer_name: Option<String>,
            /// Their e-mail address; null when none is known.
            officer_email: Option<EmailAddress>,
            /// Their telephone; null when none is known.
            officer_phone: Option<PhoneNumber>,
            /// How many days transcripts of calls are kept, as set; null for the platform's default.
            transcript_retention_days: Option<i32>,
            /// How many days call logs are kept, as set; null for the platform's default.
            call_log_retention_days: Option<i32>,
            /// How many years the audit trail is kept, as set; null for the platform's default.
            audit_retention_years: Option<i32>,
        } derived {
            /// How many days transcripts of calls are kept: as set, or else 90.
            effective_transcript_retention_days: i32 = "coalesce(transcript_retention_days, 90)",
            /// How many days call logs are kept: as set, or else 365.
            effective_call_log_retention_days: i32 = "coalesce(call_log_retention_days, 365)",
            /// How many years the audit trail is kept: as set, or else 7.
            effective_audit_retention_years: i32 = "coalesce(audit_retention_years, 7)",
        },
    }
    edges {
        /// The clinic.
        clinic: one Clinic by clinic_id,
    }
}

patch! {
    /// What to change of how a clinic is booked; what is left out stays.
    ClinicBookingInput => BookingChanges of clinic_configs {
        keys {}
        required {
            /// Whether people who are no patients yet can register.
            accepting_new_patients: bool,
            /// Whether people can wait for a place.
            waitlist_enabled: bool,
            /// How long an appointment takes where nothing else says so, 5 to 480.
            appointment_duration_minutes: i32,
            /// Free time behind each appointment, 0 to 240.
            buffer_minutes: i32,
            /// How far ahead patients can book, 1 to 730.
            max_advance_booking_days: i32,
            /// How short before they can, 0 to 720.
            min_advance_booking_hours: i32,
            /// Whether the chat bot books.
            bot_enabled: bool,
        }
        nullable {
            /// So many registrations in a week of the clinic, 0 to 10,000; null for any number.
            max_new_patients_per_week: i32,
            /// Until so many hours before they can cancel, 0 to 720; null for until it begins.
            cancellation_window_hours: i32,
            /// Who is booked when nobody is asked for; null for whoever is free.
            default_provider_id: Id<Provider>,
        }
    }
}

patch! {
    /// What to change of a clinic's languages; what is left out stays.
    ClinicLanguageInput => LanguageChanges of clinic_configs {
        keys {}
        required {
            /// The one to begin with; must be among the supported ones.
            default_language: LanguageTag,
            /// Those callers are served in, 1 to 20; replaces the whole list.
            supported_languages: Vec<LanguageTag>,
            /// What callers hear first, once for each supported language at most; replaces the whole list.
            greetings: JsonList<Greeting>,
        }
        nullable {}
    }
}

patch! {
    /// What to change of where a clinic hands over to; what is left out stays.
    ClinicCareInput => CareChanges of clinic_configs {
        keys {}
        required {}
        nullable {
            /// Where calls are transferred to; null for nowhere.
            transfer_phone: PhoneNumber,
            /// The pharmacy prescriptions go to, at most 200 characters; null for none.
            preferred_pharmacy_name: String,
            /// Its address, at most 500 characters; null takes it away.
            preferred_pharmacy_address: String,
            /// Its fax; null takes it away.
            preferred_pharmacy_fax: PhoneNumber,
        }
    }
}

patch! {
    /// What to change of who answers for a clinic's privacy and how long it keeps things; what is left out stays.
    ClinicPrivacyInput => PrivacyChanges of clinic_configs {
        keys {}
        required {}
        nullable {
            /// Who answers for privacy, at most 200 characters; null for nobody.
            officer_name: String,
            /// Their e-mail address; null takes it away.
            officer_email: EmailAddress,
            /// Their telephone; null takes it away.
            officer_phone: PhoneNumber,
            /// How many days transcripts of calls are kept, 1 to 3650; null for the platform's default, 90.
            transcript_retention_days: i32,
            /// How many days call logs are kept, 1 to 3650; null for the platform's default, 365.
            call_log_retention_days: i32,
            /// How many years the audit trail is kept, 1 to 100; null for the platform's default, 7.
            audit_retention_years: i32,
        }
    }
}

/// What to change of how a clinic wants to be run, in one go; what is left out stays.
#[derive(Debug, InputObject)]
pub struct UpdateClinicConfigInput {
    /// The clinic. Administrators must name one; for others it is the one they work in.
    pub clinic_id: Option<Id<Clinic>>,
    /// The version the caller saw; fails with `STALE_OBJECT` when it is another now.
    pub expected_version: Option<i32>,
    /// How it is booked.
    pub booking: Option<ClinicBookingInput>,
    /// The languages it speaks with callers.
    pub language: Option<ClinicLanguageInput>,
    /// Where it hands over to.
    pub care: Option<ClinicCareInput>,
    /// Who answers for privacy, and how long things are kept.
    pub privacy: Option<ClinicPrivacyInput>,
}

/// Changes how a clinic wants to be run, when nothing is wrong with any of it.
pub async fn change(scope: &Scope, clinic: Id<Clinic>, input: UpdateClinicConfigInput) -> Result<Id<ClinicConfig>> {
    let config = lock(scope, clinic, input.expected_version).await?;
    let mut problems = Problems::default();
    let booking = input.booking.map(|group| group.changes("booking.", &mut problems)).unwrap_or_default();
    let mut language = input.language.map(|group| group.changes("language.", &mut problems)).unwrap_or_default();
    let mut care = input.care.map(|group| group.changes("care.", &mut problems)).unwrap_or_default();
    let mut privacy = input.privacy.map(|group| group.changes("privacy.", &mut problems)).unwrap_or_default();
    check_numbers(&booking, &privacy, &mut problems);
    check_languages(&mut language, &config, &mut problems);
    for (path, text, most) in [
        ("care.preferredPharmacyName", &mut care.preferred_pharmacy_name, 200),
        ("care.preferredPharmacyAddress", &mut care.preferred_pharmacy_address, 500),
        ("privacy.officerName", &mut privacy.officer_name, 200),
    ] {
        if let Some(Some(text)) = text {
            *text = problems.text(path, text, most);
        }
    }
    if let Some(Some(provider)) = booking.default_provider_id {
        let found = provider::is_offered(scope, clinic, provider).await?;
        problems.check(found, "booking.defaultProviderId", "must be an active provider of the clinic");
    }
    problems.done()?;
    let groups = [
        (booking.is_empty(), "booking"),
        (language.is_empty(), "language"),
        (care.is_empty(), "care"),
        (privacy.is_empty(), "privacy"),
    ];
    let mut changed: Vec<_> = groups.into_iter().filter_map(|(empty, name)| (!empty).then_some(name)).collect();
    if !changed.is_empty() {
        changed.extend(["updatedAt", "version"]);
        let tx = scope.tx().await?;
        let changes = (booking, language, care, privacy);
        prepared(update(clinic_configs::table.find((clinic, config.id))).set(changes)).execute(&mut tx.conn()?).await?;
        Event::new("clinic_config", "updated", config.id.uuid(), Some(clinic.uuid())).changed(changed).push(scope);
    }
    Ok(config.id)
}

/// The clinic's configuration, locked until the transaction ends.
async fn lock(scope: &Scope, clinic: Id<Clinic>, expected_version: Option<i32>) -> Result<ClinicConfig> {
    let tx = scope.tx().await?;
    let found = clinic_configs::table.filter(clinic_configs::clinic_id.eq(clinic)).for_update();
    let found = found.select(ClinicConfig::as_select()).first(&mut tx.conn()?).await.optional()?;
    let config = found.ok_or_else(|| Error::not_found("clinic"))?;
    match expected_version {
        Some(expected) if expected != config.version => Err(Error::stale(config.version)),
        _ => Ok(config),
    }
}

fn check_numbers(booking: &BookingChanges, privacy: &PrivacyChanges, problems: &mut Problems) {
    for (path, number, bounds) in [
        ("booking.maxNewPatientsPerWeek", booking.max_new_patients_per_week.flatten(), 0..=10_000),
        ("booking.appointmentDurationMinutes", booking.appointment_duration_minutes, 5..=480),
        ("booking.bufferMinutes", booking.buffer_minutes, 0..=240),
        ("booking.maxAdvanceBookingDays", booking.max_advance_booking_days, 1..=730),
        ("booking.minAdvanceBookingHours", booking.min_advance_booking_hours, 0..=720),
        ("booking.cancellationWindowHours", booking.cancellation_window_hours.flatten(), 0..=720),
        ("privacy.transcriptRetentionDays", privacy.transcript_retention_days.flatten(), 1..=3650),
        ("privacy.callLogRetentionDays", privacy.call_log_retention_days.flatten(), 1..=3650),
        ("privacy.auditRetentionYears", privacy.audit_retention_years.flatten(), 1..=100),
    ] {
        problems.range(path, number, bounds);
    }
}

/// Languages are judged as they will be, with what is not given as it is.
fn check_languages(changes: &mut LanguageChanges, config: &ClinicConfig, problems: &mut Problems) {
    let supported = changes.supported_languages.as_ref().unwrap_or(&config.supported_languages);
    let default = changes.default_language.as_ref().unwrap_or(&config.default_language);
    let path = "language.supportedLanguages";
    problems.check((1..=20).contains(&supported.len()), path, "must be 1 to 20 languages");
    problems.check(supported.iter().collect::<HashSet<_>>().len() == supported.len(), path, "must not name one twice");
    let path = if changes.default_language.is_some() { "language.defaultLanguage" } else { path };
    let told = format!("the default language {} must be among the supported ones", default.as_str());
    problems.check(supported.contains(default), path, told);
    let mut greeted = HashSet::new();
    for (at, greeting) in changes.greetings.iter_mut().flat_map(|list| &mut list.0).enumerate() {
        let path = format!("language.greetings.{at}");
        let language = &greeting.language;
        problems.check(supported.contains(language), &format!("{path}.language"), "must be a supported language");
        problems.check(greeted.insert(language.clone()), &format!("{path}.language"), "must not be greeted in twice");
        greeting.text = problems.text(&format!("{path}.text"), &greeting.text, 500);
    }
}
