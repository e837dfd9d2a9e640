//! Mutations of clinics. Their queries stand with the entity (`clinic.rs`).

use async_graphql::{Context, Object};

use super::{
    ClinicClosure, ClinicClosureEventKind,
    closure::{
        AddClinicClosureInput, AddClinicClosurePayload, ChangeClinicClosureInput, ChangeClinicClosurePayload,
        RemoveClinicClosureInput, RemoveClinicClosurePayload,
    },
    config::{self, UpdateClinicConfigInput, UpdateClinicConfigPayload},
};
use crate::kernel::{
    Permission, RequestOf, Result,
    entity::One,
    write::{Input, Stored},
};

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
