//! Queries and mutations of clinics and their closures. The large input of a configuration is in `config.rs`.

use std::collections::HashMap;

use async_graphql::{Context, Object, SimpleObject};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{
    ActingClinic, Clinic, ClinicClosure, ClinicClosureEventKind,
    config::{self, UpdateClinicConfigInput, UpdateClinicConfigPayload},
};
use crate::{
    input,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::{Maybe, One},
        loader::LookUp,
        wall_clock::Date,
        write::{Clearable, ExpectedVersion, Input, Patch, Stored, Text},
    },
    queries,
    schema::clinics,
};

queries! {
    /// Lists of clinics.
    ClinicReads;
    list {
        /// Clinics that the caller can see: all of them for administrators of the platform, otherwise the clinic that the
        /// caller works in.
        clinics: Clinic,
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

input! {
    /// Closure to add to a clinic.
    AddClinicClosureInput {
        clinic_id: ActingClinic,
        /// Date of the closure in the clinic's time zone; a clinic has at most one closure on a date.
        date: Date,
        /// Name of the day, such as "Labour Day". Null if it has none.
        name: Option<Text<200>>,
    }
}

/// Result of adding a closure to a clinic.
#[derive(SimpleObject)]
pub struct AddClinicClosurePayload {
    /// Closure that was added.
    clinic_closure: One<ClinicClosure>,
}

input! {
    /// Changes to a closure; fields that are left out keep their values.
    ChangeClinicClosureInput for ClinicClosure {
        keys {
            /// Closure that is going to be changed.
            clinic_closure_id: Id<ClinicClosure>,
            expected_version: ExpectedVersion,
        }
        columns {
            /// Date of the closure in the clinic's time zone.
            date: Patch<Date>,
            /// Name of the day. Null to remove it.
            name: Clearable<Text<200>>,
        }
    }
}

/// Result of changing a closure.
#[derive(SimpleObject)]
pub struct ChangeClinicClosurePayload {
    /// Closure after the change.
    clinic_closure: One<ClinicClosure>,
}

input! {
    /// Closure to remove from a clinic.
    RemoveClinicClosureInput {
        /// Closure that is going to be removed.
        clinic_closure_id: Id<ClinicClosure>,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing a closure.
#[derive(SimpleObject)]
pub struct RemoveClinicClosurePayload {
    /// Identifier of the closure that was removed.
    removed_clinic_closure_id: Id<ClinicClosure>,
    /// Clinic that the closure was removed from.
    clinic: One<Clinic>,
}

#[derive(Debug, Default)]
pub struct ClinicMutation;

#[Object]
impl ClinicMutation {
    /// Updates the configuration of a clinic. All problems of the input are reported together, and then nothing
    /// changes. Needs the permission `CLINIC_MANAGE`.
    async fn update_clinic_config(
        &self,
        ctx: &Context<'_>,
        input: Input<UpdateClinicConfigInput>,
    ) -> Result<UpdateClinicConfigPayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let (input, problems) = input.check()?;
        config::update(scope, input, problems).await
    }

    /// Adds a day on which a clinic is closed; `DUPLICATE` if it has one on that date. Needs the permission
    /// `CLINIC_MANAGE`.
    async fn add_clinic_closure(
        &self,
        ctx: &Context<'_>,
        input: Input<AddClinicClosureInput>,
    ) -> Result<AddClinicClosurePayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let input = input.valid()?;
        let draft = ClinicClosure::new_in(input.clinic_id.resolve(scope).await?).date(input.date).name(input.name);
        Ok(AddClinicClosurePayload {
            clinic_closure: One::of(draft.insert(scope, ClinicClosureEventKind::Added).await?),
        })
    }

    /// Changes the date or the name of a closure. Needs the permission `CLINIC_MANAGE`.
    async fn change_clinic_closure(
        &self,
        ctx: &Context<'_>,
        input: Input<ChangeClinicClosureInput>,
    ) -> Result<ChangeClinicClosurePayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let input = input.valid()?;
        let closure = ClinicClosure::lock(scope, input.clinic_closure_id, input.expected_version).await?;
        input.apply(closure.edit()).update(scope, ClinicClosureEventKind::Changed).await?;
        Ok(ChangeClinicClosurePayload { clinic_closure: One::of(closure.id) })
    }

    /// Removes a closure, so that the opening hours hold on that day. Needs the permission `CLINIC_MANAGE`.
    async fn remove_clinic_closure(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveClinicClosureInput>,
    ) -> Result<RemoveClinicClosurePayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let input = input.valid()?;
        let closure = ClinicClosure::lock(scope, input.clinic_closure_id, input.expected_version).await?;
        closure.remove(scope, ClinicClosureEventKind::Removed).await?;
        Ok(RemoveClinicClosurePayload { removed_clinic_closure_id: closure.id, clinic: One::of(closure.clinic_id) })
    }
}
