//! Makes partitions ahead of time and removes old ones while the server runs. Functions of the database do it
//! (`private.make_partitions`, `private.remove_old_events`), as the roles of the server may not create tables.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::RunQueryDsl;

use super::Database;
use crate::kernel::Result;

/// Interval of the job. Partitions are made days ahead, so that it may fail for hours.
const EVERY: Duration = Duration::from_secs(600);

/// Maintains the partitions until the server stops.
pub async fn maintain(database: &Database) {
    loop {
        if let Err(error) = maintain_now(database).await {
            tracing::warn!(%error, cause = ?error.cause(), "cannot maintain the partitions");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Maintains the partitions once, in two transactions: in one, their locks would block readers.
pub async fn maintain_now(database: &Database) -> Result<()> {
    for call in ["select private.make_partitions()", "select private.remove_old_events()"] {
        database
            .as_system(None, async |scope| {
                sql_query(call).execute(&mut scope.tx().await?.conn()?).await?;
                Ok(())
            })
            .await?;
    }
    Ok(())
}
