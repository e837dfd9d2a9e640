//! Providers.

use chrono::{DateTime, Utc};

use crate::{
    access::User,
    clinic::Clinic,
    entity, filter, json_object,
    kernel::{
        Id,
        entity::JsonList,
        text::{EmailAddress, LanguageTag, PhoneNumber},
    },
    orders, queries,
    schema::providers,
    text_enum,
};

text_enum! {
    /// Whether a provider works now.
    ProviderStatus {
        /// Yes; only these are offered.
        Active = "active",
        /// Not any more.
        Inactive = "inactive",
        /// Away for a while.
        OnLeave = "on_leave",
    }
}

text_enum! {
    /// Whether the platform has seen a provider's credentials.
    VerificationStatus {
        /// Not yet.
        Pending = "pending",
        /// Yes, and they are good.
        Verified = "verified",
        /// Yes, and they are not.
        Rejected = "rejected",
    }
}

text_enum! {
    /// A way to see a patient.
    ConsultationMode {
        /// In the same room.
        InPerson = "in_person",
        /// By video.
        Video = "video",
        /// By telephone.
        Phone = "phone",
    }
}

json_object! {
    /// What a provider has learnt.
    Qualification {
        /// The degree or certificate.
        title: String,
        /// Who gave it; null when not told.
        institution: Option<String>,
        /// In which year; null when not told.
        year: Option<i32>,
    }
}

entity! {
    /// Somebody who treats patients in a clinic. Everybody who belongs to the clinic may see its providers.
    Provider "provider" of providers, tenant clinic_id, live "deleted_at is null";
    columns {
        /// The provider's id.
        id: Id<Provider>,
        /// What stands before the name; null for nothing.
        title: Option<String>,
        /// Given name.
        first_name: String,
        /// Family name; null when they have none.
        last_name: Option<String>,
        /// What patients read about them; null for nothing.
        bio: Option<String>,
        /// Their fields, in lower case.
        specialties: Vec<String>,
        /// The languages they speak.
        languages: Vec<LanguageTag>,
        /// What they have learnt.
        qualifications: JsonList<Qualification>,
        /// The number of their licence; null when none is known.
        license_number: Option<String>,
        /// National Provider Identifier; null where the country has none.
        npi: Option<String>,
        /// For how long they have practised; null when not told.
        years_of_experience: Option<i16>,
        /// Their e-mail address; null when none is known.
        email: Option<EmailAddress>,
        /// Their telephone; null when none is known.
        phone: Option<PhoneNumber>,
        /// Their colour in calendars: `#3B82F6`.
        color: String,
        /// Whether they work now.
        status: ProviderStatus,
        /// Whether people who are not their patients yet can book them.
        accepting_new_patients: bool,
        /// The ways they see patients.
        consultation_modes: Vec<ConsultationMode>,
        /// How long an appointment with them takes; null for as long as in the clinic.
        default_duration_minutes: Option<i32>,
        /// Whether the platform has seen their credentials.
        verification_status: VerificationStatus,
        /// When they were entered.
        created_at: DateTime<Utc>,
        /// When they were last changed.
        updated_at: DateTime<Utc>,
        /// Counts their changes; give it as expectedVersion.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    derived {
        /// Title, given and family name.
        display_name: String = "concat_ws(' ', title, first_name, last_name)",
    }
    money {
        /// What a consultation costs; null for no fixed fee.
        consultation_fee in currency,
    }
    edges {
        /// The clinic.
        clinic: one Clinic by clinic_id,
        /// Their account; null for somebody who does not sign in.
        user: maybe User by user_id,
    }
}

orders! {
    /// The order of a list of providers.
    ProviderOrder by ProviderOrderField, usually Name Asc;
    /// By family name, then given name.
    Name = "sort_name" as Text,
    /// By when they were entered.
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

queries! {
    /// Reads of providers.
    ProviderReads;
    one {
        /// One provider; null when there is none that the caller may see.
        provider: Provider,
    }
    list {
        /// The providers that the caller reaches: of every clinic for administrators, of the own one for others.
        providers: Provider,
    }
}

impl Provider {
    /// Whether patients of the clinic can be booked with the provider.
    #[must_use]
    pub fn is_offered_by(&self, clinic: Id<Clinic>) -> bool {
        self.clinic_id == clinic && self.status == ProviderStatus::Active
    }
}
