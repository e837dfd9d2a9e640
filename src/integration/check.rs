//! Tests of integrations, as jobs: the mutation that asks for one must not wait for another server inside its transaction. The result
//! is in the status of the integration, and an event tells of it.

use std::time::Duration;

use diesel::{
    ExpressionMethods, QueryDsl, sql_query,
    sql_types::{Array, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{
    Integration, IntegrationStatus, Integrations,
    health::{fail, locked, works},
    settings,
};
use crate::{
    clinic::Clinic,
    job,
    jobs::{NewJob, Priority, Rules, Running, Work},
    kernel::{
        Error, Id, Result,
        db::Scope,
        error::constraint_of,
        write::{NoEvent, Stored},
    },
    schema::integrations,
};

job! {
    /// Tests an integration.
    Check "integration_check" { integration_id: Id<Integration> }
}

job! {
    /// Tests the integrations again that do not work.
    CheckFailed "integration_check_failed" {}
}

/// A test of an integration, unless one waits already.
pub fn check(clinic: Id<Clinic>, integration_id: Id<Integration>) -> NewJob {
    let check = Check { integration_id };
    let job = if clinic.uuid().is_nil() { check.of_platform() } else { check.in_clinic(clinic) };
    job.unless_waiting(integration_id.to_string())
}

impl Work for Check {
    // Somebody waits for it.
    const RULES: Rules =
        Rules { attempts: 5, priority: Priority::First, time: Duration::from_secs(40), ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        let tested = job.before(async |scope| Integration::find(scope, self.integration_id).await).await?;
        let Some(tested) = tested.filter(|row| row.status != IntegrationStatus::Disabled) else {
            return job.finish(async |_| Ok(())).await;
        };
        let verdict = job.service::<Integrations>()?.test(&tested).await?;
        job.finish(async |scope| note(scope, &tested, verdict).await).await
    }
}

/// Writes the result of a test.
async fn note(scope: &Scope, tested: &Integration, verdict: Option<String>) -> Result<()> {
    let Some(row) = locked(scope, tested.id).await? else { return Ok(()) };
    // It was changed or switched off meanwhile; whoever changed it has asked for another test.
    let is_used = !matches!(row.status, IntegrationStatus::Disabled | IntegrationStatus::Disconnected);
    if !is_used || !is_same(&row, tested) {
        return Ok(());
    }
    match verdict {
        None if claim(scope, &row, &settings::channels(&row)?).await? => works(scope, &row).await,
        None => {
            fail(scope, &row, "Another integration already receives what comes for this number or identifier").await
        }
        // It is known, and nobody need be told again.
        Some(reason) if row.status == IntegrationStatus::Error => {
            let reason: String = reason.chars().take(500).collect();
            row.edit().last_error(reason.as_str()).update(scope, NoEvent).await.map(drop)
        }
        Some(reason) => fail(scope, &row, &reason).await,
    }
}

/// Whether what was tested is what is there.
fn is_same(row: &Integration, tested: &Integration) -> bool {
    row.secrets_enc == tested.secrets_enc
        && row.sms == tested.sms
        && row.whats_app == tested.whats_app
        && row.oscar_emr == tested.oscar_emr
        && row.cal_com == tested.cal_com
        && row.vapi == tested.vapi
        && row.retell == tested.retell
        && row.paystack == tested.paystack
        && row.stripe == tested.stripe
        && row.video == tested.video
        && row.language_model == tested.language_model
}

/// Gives an integration exactly these channels; false if another has one of them.
pub(super) async fn claim(scope: &Scope, row: &Integration, channels: &[String]) -> Result<bool> {
    let tx = scope.tx().await?;
    let mut on = tx.conn()?;
    sql_query("savepoint claim").execute(&mut on).await?;
    let claimed = sql_query("select private.claim_channels($1, $2, $3, $4)")
        .bind::<SqlUuid, _>(row.clinic_id.uuid())
        .bind::<SqlUuid, _>(row.id.uuid())
        .bind::<Text, _>(row.kind.text())
        .bind::<Array<Text>, _>(channels)
        .execute(&mut on)
        .await;
    match claimed {
        Ok(_) => Ok(true),
        Err(error) if constraint_of(&error) == Some("integration_channels_pkey") => {
            sql_query("rollback to savepoint claim").execute(&mut on).await?;
            Ok(false)
        }
        Err(error) => Err(Error::from(error)),
    }
}

impl Work for CheckFailed {
    async fn run(self, job: Running) -> Result<()> {
        job.finish(async |scope| {
            use integrations as i;
            let failed = i::table.filter(i::status.eq(IntegrationStatus::Error)).filter(i::deleted_at.is_null());
            let failed: Vec<(Id<Clinic>, Id<Integration>)> =
                failed.select((i::clinic_id, i::id)).load(&mut scope.tx().await?.conn()?).await?;
            for (clinic, integration) in failed {
                check(clinic, integration).enqueue(scope).await?;
            }
            Ok(())
        })
        .await
    }
}
