//! What has expired is removed by a job (`jobs/upkeep.rs`), a little at a time: sessions, stored answers of idempotency keys,
//! and counted attempts to sign in.

use diesel::{sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;

use super::{Database, Note};
use crate::kernel::Result;

/// Rows of one statement, so that none holds locks for long.
const BATCH: i64 = 500;

/// Statements that remove a batch. Rows that somebody has locked are left for the next time.
const SWEPT: [(&str, &str); 3] = [
    // For a week, a client with an old token is answered SESSION_EXPIRED instead of UNAUTHENTICATED.
    (
        "sessions",
        "delete from sessions where id in (
             select id from sessions where expires_at < now() - interval '7 days'
             order by expires_at limit $1 for update skip locked)",
    ),
    (
        "idempotency_keys",
        "delete from idempotency_keys where (user_id, key) in (
             select user_id, key from idempotency_keys where expires_at < now()
             order by expires_at limit $1 for update skip locked)",
    ),
    (
        "sign_in_attempts",
        "delete from sign_in_attempts where key in (
             select key from sign_in_attempts where expires_at < now()
             order by expires_at limit $1 for update skip locked)",
    ),
];

/// Removes everything that has expired by now; returns the number of rows. The audit trail has the note as the cause.
pub async fn sweep_now(database: &Database, note: Option<Note>) -> Result<usize> {
    let mut all = 0;
    for (table, statement) in SWEPT {
        let mut of_table = 0;
        loop {
            let removed = batch(database, note.clone(), statement).await?;
            of_table += removed;
            if (removed as i64) < BATCH {
                break;
            }
        }
        if of_table > 0 {
            tracing::info!(table, rows = of_table, "removed what has expired");
        }
        all += of_table;
    }
    Ok(all)
}

async fn batch(database: &Database, note: Option<Note>, statement: &str) -> Result<usize> {
    database
        .as_system(note, async |scope| {
            let tx = scope.tx().await?;
            Ok(sql_query(statement).bind::<BigInt, _>(BATCH).execute(&mut tx.conn()?).await?)
        })
        .await
}
