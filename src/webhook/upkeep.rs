//! The log of deliveries is retained for 30 days.

use chrono::TimeDelta;
use diesel::{
    sql_query,
    sql_types::{Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    job,
    jobs::{JobKind, Jobs, Running, Schedule, Work},
    kernel::Result,
};

const RETAINED: TimeDelta = TimeDelta::days(30);
/// Rows of one transaction.
const BATCH: usize = 1_000;

pub const JOBS: Jobs = Jobs {
    kinds: &[JobKind::of::<RemoveOldDeliveries>()],
    schedules: &[Schedule::daily_in_clinics::<RemoveOldDeliveries>(3, 30)],
    starters: &[],
};

job! {
    /// Removes deliveries of a clinic that ended more than 30 days ago.
    RemoveOldDeliveries "webhook_remove_old_deliveries" {}
}

impl Work for RemoveOldDeliveries {
    async fn run(self, job: Running) -> Result<()> {
        let clinic = job.clinic()?;
        // In many small transactions, so that none holds locks for long. What is removed need not be removed again.
        loop {
            let removed = job
                .before(async |scope| {
                    let remove = sql_query(
                        "delete from webhook_deliveries where clinic_id = $1 and id in (
                             select id from webhook_deliveries
                              where clinic_id = $1 and created_at < $2 and status <> 'pending' order by created_at limit 1000)",
                    );
                    let remove = remove.bind::<SqlUuid, _>(clinic).bind::<Timestamptz, _>(scope.now() - RETAINED);
                    Ok(remove.execute(&mut scope.tx().await?.conn()?).await?)
                })
                .await?;
            if removed < BATCH {
                return Ok(());
            }
        }
    }
}
