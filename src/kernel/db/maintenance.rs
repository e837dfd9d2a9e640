//! Maintains the database while the server runs.

use std::time::Duration;

use super::{Database, partitions, sweep};
use crate::kernel::Result;

/// Interval of the job. Partitions are made days ahead, so that it may fail for hours.
const EVERY: Duration = Duration::from_secs(600);

/// Makes partitions ahead and removes what has expired, until the server stops.
pub async fn maintain(database: &Database) {
    loop {
        warn("cannot maintain the partitions", partitions::maintain_now(database).await);
        warn("cannot remove what has expired", sweep::sweep_now(database).await);
        tokio::time::sleep(EVERY).await;
    }
}

fn warn<T>(problem: &str, done: Result<T>) {
    if let Err(error) = done {
        tracing::warn!(%error, cause = ?error.cause(), "{problem}");
    }
}
