//! Clinics.

use std::collections::HashMap;

use async_graphql::{Context, Object, Value, registry::Registry};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{ClinicClosure, ClinicConfig, ClinicHours, ClinicNetwork, closure::EarliestFirst};
use crate::{
    access::{Membership, MembershipsOldestFirst},
    entity, filter,
    kernel::{
        Error, Id, RequestOf, Result,
        db::Scope,
        entity::Maybe,
        error::Problems,
        loader::LookUp,
        text::{CurrencyCode, EmailAddress, LanguageTag, PhoneNumber, TimeZone, Url},
        write::{Field, Stored},
    },
    orders,
    provider::Provider,
    queries,
    schema::clinics,
    support::Ticket,
    text_enum,
};

text_enum! {
    /// Status of a clinic.
    ClinicStatus {
        /// The clinic is being set up; its people can already work in it.
        Pending = "pending",
        /// The clinic is open.
        Active = "active",
        /// The clinic has closed itself for the time being.
        Inactive = "inactive",
        /// The clinic was closed by the platform.
        Suspended = "suspended",
        /// The clinic no longer exists and is retained for the record.
        Archived = "archived",
    }
}

entity! {
    /// Clinic: the tenant that people, patients and all other data belong to.
    Clinic "clinic" of clinics, tenant id, live "deleted_at is null";
    columns {
        /// Identifier of the clinic.
        id: Id<Clinic>,
        /// Name of the clinic.
        name: String,
        /// Readable name of the clinic for use in URLs; no two clinics share one.
        slug: String,
        /// Description that the clinic gives of itself. Null if there is none.
        description: Option<String>,
        /// Phone number of the clinic. Null if it is not known.
        phone: Option<PhoneNumber>,
        /// Email address of the clinic. Null if it is not known.
        email: Option<EmailAddress>,
        /// Website of the clinic. Null if there is none.
        website: Option<Url>,
        /// Street address of the clinic. Null if it is not known.
        address: Option<String>,
        /// City of the clinic. Null if it is not known.
        city: Option<String>,
        /// Province, state or county of the clinic. Null if it is not known.
        region: Option<String>,
        /// Postal code of the clinic. Null if it is not known.
        postal_code: Option<String>,
        /// Country of the clinic as an ISO 3166-1 alpha-2 code, such as CA. Null if it is not known.
        country: Option<String>,
        /// Time zone of the clinic; its opening hours and dates are in this zone.
        timezone: TimeZone,
        /// Language that the clinic works in.
        locale: LanguageTag,
        /// Currency that the clinic charges in.
        currency: CurrencyCode,
        /// Status of the clinic.
        status: ClinicStatus,
        /// Subscription plan of the clinic.
        subscription_plan: String,
        /// Time at which the subscription ends. Null if it does not end.
        subscription_expires_at: Option<DateTime<Utc>>,
        /// Further settings of the clinic as free-form JSON.
        settings: serde_json::Value,
        /// Time at which the clinic was created.
        created_at: DateTime<Utc>,
        /// Time at which the clinic was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the clinic, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    derived {
        /// Address of the clinic in one line, as far as it is known. Null if no part of it is known.
        formatted_address: Option<String> = "nullif(concat_ws(', ', address, city, nullif(concat_ws(' ', region, postal_code), ''), country), '')",
    }
    edges {
        /// Network that the clinic belongs to. Null if it belongs to none.
        network: maybe ClinicNetwork by network_id,
        /// Configuration of the clinic.
        config: own ClinicConfig by clinic_id,
        /// Opening hours of the clinic on the seven days of the week, Sunday first. Empty until they are set.
        hours: all ClinicHours by clinic_id order "day_of_week",
        /// Days on which the clinic is closed, whatever its opening hours are, earliest first.
        closures: page ClinicClosure by clinic_id in EarliestFirst,
        /// Providers who treat patients in the clinic.
        providers: list Provider by clinic_id,
        /// Memberships of the people of the clinic, oldest first.
        memberships: page Membership by clinic_id in MembershipsOldestFirst,
        /// Support tickets of the clinic.
        tickets: list Ticket by clinic_id,
    }
}

orders! {
    /// Order of a list of clinics.
    ClinicOrder by ClinicOrderField, usually Name Asc;
    /// Name of the clinic.
    Name = "name" as Text,
    /// Time at which the clinic was created.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of clinics; all of them must hold.
    ClinicFilter of Clinic in clinics, order ClinicOrder {
        /// Statuses, any of which matches.
        status: any(status: ClinicStatus),
        /// Network that the clinic belongs to.
        network_id: equal(network_id: Id<ClinicNetwork>),
        /// City of the clinic, spelled exactly.
        city: equal(city: String),
        /// Region of the clinic, spelled exactly.
        region: equal(region: String),
    }
}

/// Looks clinics up by their readable names.
struct BySlug;

impl LookUp for BySlug {
    type Key = String;
    type Value = Id<Clinic>;

    async fn look_up(scope: &Scope, slugs: &[String]) -> Result<HashMap<String, Id<Clinic>>> {
        let tx = scope.tx().await?;
        let found = clinics::table
            .filter(clinics::slug.eq_any(slugs))
            .filter(clinics::deleted_at.is_null())
            .select((clinics::slug, clinics::id));
        Ok(found.load::<(String, Id<Clinic>)>(&mut tx.conn()?).await?.into_iter().collect())
    }
}

/// Clinic that a mutation is about: the one the caller works in, or the one that an administrator names.
#[derive(Debug, Clone, Copy)]
pub struct ActingClinic(Option<Id<Clinic>>);

impl ActingClinic {
    /// `NOT_FOUND` for a clinic that the caller may not know of.
    pub async fn resolve(self, scope: &Scope) -> Result<Id<Clinic>> {
        match (scope.actor().clinic_id().map(Id::from_uuid), self.0) {
            (Some(acting), Some(named)) if acting != named => Err(Error::not_found("clinic")),
            (Some(acting), _) => Ok(acting),
            (None, None) => Err(Error::invalid("input.clinicId", "administrators must name the clinic")),
            (None, Some(named)) => match Clinic::find(scope, named).await? {
                Some(clinic) => Ok(clinic.id),
                None => Err(Error::not_found("clinic")),
            },
        }
    }
}

impl Field for ActingClinic {
    fn type_name(registry: &mut Registry) -> String {
        <Option<Id<Clinic>> as Field>::type_name(registry)
    }

    fn bounds() -> Option<String> {
        Some("Clinic concerned. Administrators of the platform must name it; others may leave it out, as it can only be the clinic they work in.".to_owned())
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        <Option<Id<Clinic>> as Field>::read(value, path, problems).map(Self)
    }
}

#[derive(Debug, Default)]
pub struct ClinicQuery;

#[Object]
impl ClinicQuery {
    /// Clinic with this id or slug, or the clinic that the caller works in if neither is given. Null if there is none
    /// that the caller may see.
    async fn clinic(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifier of the clinic; cannot be combined with slug.")] id: Option<Id<Clinic>>,
        #[graphql(desc = "Readable name of the clinic; cannot be combined with id.")] slug: Option<String>,
    ) -> Result<Maybe<Clinic>> {
        let actor = ctx.actor()?;
        actor.person()?;
        Ok(Maybe::of(match (id, slug) {
            (Some(_), Some(_)) => return Err(Error::invalid("slug", "give id or slug, not both")),
            (Some(id), None) => Some(id),
            (None, Some(slug)) => ctx.request()?.loaders().of::<BySlug>().one(slug).await?,
            (None, None) => actor.clinic_id().map(Id::from_uuid),
        }))
    }
}

queries! {
    /// Lists of clinics.
    ClinicLists;
    list {
        /// Clinics that the caller can see: all of them for administrators of the platform, otherwise the clinic that the
        /// caller works in.
        clinics: Clinic,
    }
}
