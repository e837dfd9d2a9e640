//! Providers.

use chrono::{DateTime, Utc};

use crate::{
    access::User,
    clinic::Clinic,
    entity,
    external::ExternalReference,
    filter, json_object,
    kernel::{
        Id,
        entity::JsonList,
        text::{EmailAddress, LanguageTag, PhoneNumber},
    },
    orders,
    schema::providers,
    text_enum,
};

text_enum! {
    /// Status of a provider.
    ProviderStatus {
        /// The provider works and can be booked.
        Active = "active",
        /// The provider no longer works in the clinic.
        Inactive = "inactive",
        /// The provider is on leave and cannot be booked.
        OnLeave = "on_leave",
    }
}

text_enum! {
    /// Result of the platform's check of a provider's credentials.
    VerificationStatus {
        /// The credentials have not been checked yet.
        Pending = "pending",
        /// The credentials were checked and accepted.
        Verified = "verified",
        /// The credentials were checked and rejected.
        Rejected = "rejected",
    }
}

text_enum! {
    /// Mode of a consultation.
    ConsultationMode {
        /// Patient and provider meet in person.
        InPerson = "in_person",
        /// Patient and provider meet by video.
        Video = "video",
        /// Patient and provider talk by phone.
        Phone = "phone",
    }
}

json_object! {
    /// Qualification of a provider.
    Qualification {
        /// Degree or certificate that was earned.
        title: String,
        /// Institution that awarded the qualification. Null if it is not known.
        institution: Option<String>,
        /// Year in which the qualification was awarded. Null if it is not known.
        year: Option<i32>,
    }
}

entity! {
    /// Provider: a person who treats patients in a clinic. Everybody who belongs to the clinic may see its providers.
    Provider "provider" of providers, tenant clinic_id, live "deleted_at is null";
    columns {
        /// Identifier of the provider.
        id: Id<Provider>,
        /// Title of the provider, such as "Dr.". Null if there is none.
        title: Option<String>,
        /// Given name of the provider.
        first_name: String,
        /// Family name of the provider. Null if there is none.
        last_name: Option<String>,
        /// Biography that patients read. Null if there is none.
        bio: Option<String>,
        /// Specialties of the provider, in lower case.
        specialties: Vec<String>,
        /// Languages that the provider speaks.
        languages: Vec<LanguageTag>,
        /// Qualifications of the provider.
        qualifications: JsonList<Qualification>,
        /// Licence number of the provider. Null if it is not known.
        license_number: Option<String>,
        /// National Provider Identifier of the provider (United States). Null if there is none.
        npi: Option<String>,
        /// Years that the provider has practised. Null if it is not known.
        years_of_experience: Option<i16>,
        /// Email address of the provider. Null if it is not known.
        email: Option<EmailAddress>,
        /// Phone number of the provider. Null if it is not known.
        phone: Option<PhoneNumber>,
        /// Colour of the provider in calendars, such as `#3B82F6`.
        color: String,
        /// Status of the provider.
        status: ProviderStatus,
        /// Whether the provider takes new patients.
        accepting_new_patients: bool,
        /// Modes in which the provider sees patients.
        consultation_modes: Vec<ConsultationMode>,
        /// Default duration of an appointment with the provider in minutes. Null to use the clinic's default.
        default_duration_minutes: Option<i32>,
        /// Result of the platform's check of the provider's credentials.
        verification_status: VerificationStatus,
        /// Time at which the provider was added.
        created_at: DateTime<Utc>,
        /// Time at which the provider was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the provider, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    derived {
        /// Full name of the provider: title, given and family name.
        display_name: String = "concat_ws(' ', title, first_name, last_name)",
    }
    money {
        /// Price of a consultation. Null if there is no fixed fee.
        consultation_fee in currency,
    }
    edges {
        /// Clinic that the provider works in.
        clinic: one Clinic by clinic_id,
        /// Account of the provider. Null if the provider does not sign in.
        user: maybe User by user_id,
        /// Identifiers of the provider in other systems.
        external_ids: all ExternalReference by subject_id order "system, value, id",
    }
}

orders! {
    /// Order of a list of providers.
    ProviderOrder by ProviderOrderField, usually Name Asc;
    /// Family name, then given name of the provider.
    Name = "sort_name" as Text,
    /// Time at which the provider was added.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of providers; all of them must hold.
    ProviderFilter of Provider in providers, order ProviderOrder {
        /// Clinic that the provider works in.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Statuses, any of which matches.
        status: any(status: ProviderStatus),
        /// Whether the provider takes new patients.
        accepting_new_patients: equal(accepting_new_patients: bool),
        /// Specialty of the provider, in upper or lower case.
        specialty: contains_folded(specialties: String) replan,
        /// Language that the provider speaks.
        language: contains(languages: LanguageTag) replan,
        /// Words in the name; all must occur, at least as the beginning of a word. At most 200 characters.
        text: words(),
    }
}

impl Provider {
    /// Whether patients of the clinic can be booked with the provider.
    #[must_use]
    pub fn is_offered_by(&self, clinic: Id<Clinic>) -> bool {
        self.clinic_id == clinic && self.status == ProviderStatus::Active
    }
}
