//! Removing what came in long ago.

use std::time::Duration;

use chrono::TimeDelta;
use diesel::{sql_query, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;

use crate::{
    job,
    jobs::{Rules, Running, Work},
    kernel::Result,
};

/// How long webhooks are stored.
const STORED: TimeDelta = TimeDelta::days(30);
/// Rows of one transaction.
const BATCH: usize = 500;

/// Of what waits to be processed nothing is removed. Parts are known longer than the webhook that brought them, so that none is handled
/// again.
const REMOVALS: [(&str, TimeDelta); 2] = [
    (
        "delete from inbound_webhooks where (clinic_id, id) in (
             select clinic_id, id from inbound_webhooks where received_at < $1 and status <> 'received'
             order by received_at limit 500 for update skip locked)",
        STORED,
    ),
    (
        "delete from private.inbound_parts where (clinic_id, integration_id, key) in (
             select clinic_id, integration_id, key from private.inbound_parts where processed_at < $1
             order by processed_at limit 500)",
        TimeDelta::days(60),
    ),
];

job! {
    /// Removes webhooks that came in long ago.
    RemoveOld "inbound_webhook_remove_old" {}
}

impl Work for RemoveOld {
    const RULES: Rules = Rules { time: Duration::from_secs(600), ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        // In many small transactions, so that none holds locks for long. What is removed need not be removed again.
        for (statement, age) in REMOVALS {
            loop {
                let removed = job
                    .before(async |scope| {
                        let before = scope.now() - age;
                        let statement = sql_query(statement).bind::<Timestamptz, _>(before);
                        Ok(statement.execute(&mut scope.tx().await?.conn()?).await?)
                    })
                    .await?;
                if removed < BATCH {
                    break;
                }
            }
        }
        job.finish(async |_| Ok(())).await
    }
}
