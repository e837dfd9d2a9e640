//! The clinic room's changes.

use async_graphql::{Context, Object};

use super::{
    ClinicConfig,
    clinic::resolve_clinic,
    config::{self, UpdateClinicConfigInput},
};
use crate::kernel::{Permission, RequestOf, Result, entity::One};

#[derive(Debug, Default)]
pub struct ClinicMutation;

#[Object]
impl ClinicMutation {
    /// Change how a clinic wants to be run. Absent leaves alone, null clears; everything that is wrong is told at once,
    /// and then nothing changes. Needs the permission `CLINIC_MANAGE`.
    async fn update_clinic_config(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateClinicConfigInput,
    ) -> Result<One<ClinicConfig>> {
        let scope = ctx.scope()?;
        scope.actor().require(Permission::ClinicManage)?;
        let clinic = resolve_clinic(scope, input.clinic_id).await?;
        Ok(One::of(config::change(scope, clinic, input).await?))
    }
}
