//! Makes partitions ahead of time and removes old ones while the server runs. Functions of the database do it
//! (`private.make_audit_partitions`, `private.make_event_partitions`, `private.remove_old_events`), as the roles of the
//! server may not create tables.

use diesel::sql_query;
use diesel_async::RunQueryDsl;

use super::Database;
use crate::kernel::Result;

/// Maintains the partitions once, in a transaction each: in one, their locks would block readers.
pub async fn maintain_now(database: &Database) -> Result<()> {
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
