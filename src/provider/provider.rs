//! Providers.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, PgArrayExpressionMethods, QueryDsl, dsl::exists, select};
use diesel_async::RunQueryDsl;

use crate::{
    access::User,
    clinic::Clinic,
    entity, json_object,
    kernel::{
        Id, Result,
        db::Scope,
        entity::{Condition, JsonList, Listable, condition, one_of, words},
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

/// Which providers.
#[derive(Debug, Default, InputObject)]
pub struct ProviderFilter {
    /// Of this clinic.
    pub clinic_id: Option<Id<Clinic>>,
    /// In one of these states.
    pub status: Option<Vec<ProviderStatus>>,
    /// Whether people who are not their patients yet can book them.
    pub accepting_new_patients: Option<bool>,
    /// Of this field, in any case.
    pub specialty: Option<String>,
    /// Who speak this language, to the letter.
    pub language: Option<LanguageTag>,
    /// With all of these words, or beginnings of words, in given or family name; at most 200 characters.
    pub text: Option<String>,
}

impl Listable for Provider {
    type Filter = ProviderFilter;
    type Order = ProviderOrder;

    fn conditions(filter: ProviderFilter) -> Result<Vec<Condition>> {
        use providers as p;
        let text = filter.text.map(|text| words(p::table, &text)).transpose()?.flatten();
        let all = [
            filter.clinic_id.map(|clinic| condition(p::table, p::clinic_id.eq(clinic))),
            filter.status.map(|any| one_of(p::status, any)),
            filter.accepting_new_patients.map(|yes| condition(p::table, p::accepting_new_patients.eq(yes))),
            filter
                .specialty
                .map(|field| condition(p::table, p::specialties.contains(vec![field.to_lowercase()])).replan()),
            filter.language.map(|language| condition(p::table, p::languages.contains(vec![language])).replan()),
            text,
        ];
        Ok(all.into_iter().flatten().collect())
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

/// Whether this is a provider of the clinic whom patients are offered.
pub async fn is_offered(scope: &Scope, clinic: Id<Clinic>, provider: Id<Provider>) -> Result<bool> {
    let tx = scope.tx().await?;
    let found = providers::table
        .find((clinic, provider))
        .filter(providers::status.eq(ProviderStatus::Active))
        .filter(providers::deleted_at.is_null());
    Ok(select(exists(found)).get_result(&mut tx.conn()?).await?)
}
