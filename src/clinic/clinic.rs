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
    /// How far a clinic is in its life.
    ClinicStatus {
        /// Being set up; its people can work in it already.
        Pending = "pending",
        /// Open.
        Active = "active",
        /// Closed for now by itself.
        Inactive = "inactive",
        /// Closed by the platform.
        Suspended = "suspended",
        /// Gone; kept for the record.
        Archived = "archived",
    }
}

entity! {
    /// A clinic: the tenant to which people, patients and everything else belong.
    Clinic "clinic" of clinics, tenant id, live "deleted_at is null";
    columns {
        /// The clinic's id.
        id: Id<Clinic>,
        /// What people call it.
        name: String,
        /// Its readable name in addresses; unique among living clinics.
        slug: String,
        /// What the clinic says of itself; null when it says nothing.
        description: Option<String>,
        /// Its telephone; null when none is known.
        phone: Option<PhoneNumber>,
        /// Its e-mail address; null when none is known.
        email: Option<EmailAddress>,
        /// Its web site; null when it has none.
        website: Option<Url>,
        /// Street and house; null when not given.
        address: Option<String>,
        /// City; null when not given.
        city: Option<String>,
        /// Province, state or county; null when not given.
        region: Option<String>,
        /// Postal code; null when not given.
        postal_code: Option<String>,
        /// ISO 3166-1 alpha-2 code of the country; null when not given.
        country: Option<String>,
        /// The zone in which its wall clocks run.
        timezone: TimeZone,
        /// The language it works in.
        locale: LanguageTag,
        /// The currency it charges in.
        currency: CurrencyCode,
        /// How far it is in its life.
        status: ClinicStatus,
        /// The plan it is on.
        subscription_plan: String,
        /// When the plan ends; null when it does not.
        subscription_expires_at: Option<DateTime<Utc>>,
        /// Small open settings of the clinic.
        settings: serde_json::Value,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    derived {
        /// The address in one line, as far as it is known; null when nothing of it is.
        formatted_address: Option<String> = "nullif(concat_ws(', ', address, city, nullif(concat_ws(' ', region, postal_code), ''), country), '')",
    }
    edges {
        /// The network it belongs to; null for a clinic on its own.
        network: maybe ClinicNetwork by network_id,
        /// How it wants to be run.
        config: own ClinicConfig by clinic_id,
        /// When it is open: seven days, Sunday first; none before somebody has told them.
        hours: all ClinicHours by clinic_id order "day_of_week",
        /// The days on which it is closed whatever its hours say, earliest first.
        closures: page ClinicClosure by clinic_id in EarliestFirst,
        /// Who treats patients there.
        providers: list Provider by clinic_id,
        /// Who belongs to it.
        memberships: page Membership by clinic_id in MembershipsOldestFirst,
        /// Its support tickets.
        tickets: list Ticket by clinic_id,
    }
}

orders! {
    /// The order of a list of clinics.
    ClinicOrder by ClinicOrderField, usually Name Asc;
    /// By name.
    Name = "name" as Text,
    /// By when they were made.
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

/// Clinics by their readable names.
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
    /// The clinic with this id or slug, or the one acted in when neither is given; null when there is none that the
    /// caller may see.
    async fn clinic(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<Id<Clinic>>,
        #[graphql(desc = "Its readable name.")] slug: Option<String>,
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
        /// The clinics that the caller reaches: all for the platform's administrators, the own one for others.
        clinics: Clinic,
    }
}
