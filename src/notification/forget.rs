//! Removes deliveries that are so old that nobody asks for them any more.

use chrono::TimeDelta;
use diesel::{sql_query, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;

use crate::{
    job,
    jobs::{Priority, Rules, Running, Work},
    kernel::Result,
};

/// Age from which deliveries are removed.
const OLD: TimeDelta = TimeDelta::days(180);
const BATCH: usize = 1000;

job! {
    /// Removes deliveries of notifications after half a year.
    ForgetDeliveries "notification_forget" {}
}

impl Work for ForgetDeliveries {
    const RULES: Rules = Rules { priority: Priority::Last, at_once: 1, ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        loop {
            let removed = job
                .before(async |scope| {
                    let old = sql_query(
                        "delete from notification_deliveries where (clinic_id, id) in (
                             select clinic_id, id from notification_deliveries where created_at < $1 and status <> 'pending'
                              order by created_at limit 1000)",
                    );
                    let old = old.bind::<Timestamptz, _>(scope.now() - OLD);
                    Ok(old.execute(&mut scope.tx().await?.conn()?).await?)
                })
                .await?;
            if removed < BATCH {
                return job.finish(async |_| Ok(())).await;
            }
        }
    }
}
