//! Partitions are made ahead and old ones removed while the server runs, however long it does. The database does it
//! itself (`private.make_audit_partitions`, `private.make_event_partitions`, `private.remove_old_events`), as the server's
//! own roles may make no tables.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::RunQueryDsl;

use super::Database;
use crate::kernel::Result;

/// Partitions are made days ahead, so that nothing depends on one time.
const EVERY: Duration = Duration::from_secs(600);

/// Keeps them for ever.
pub async fn keep(database: &Database) {
    loop {
        if let Err(error) = keep_now(database).await {
            tracing::warn!(%error, cause = ?error.cause(), "partitions could not be kept");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Once; a transaction each, since together they would stand in the way of whoever reads.
pub async fn keep_now(database: &Database) -> Result<()> {
    for call in [
        "select private.make_audit_partitions()",
        "select private.make_event_partitions()",
        "select private.remove_old_events()",
    ] {
        database
            .as_system(None, async |scope| {
                sql_query(call).execute(&mut scope.tx().await?.conn()?).await?;
                Ok(())
            })
            .await?;
    }
    Ok(())
}
