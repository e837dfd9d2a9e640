//! Maintains the database while the server runs.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Database, partitions, sweep};
use crate::kernel::Result;

/// Interval of the job. Partitions are made days ahead, so that it may fail for hours.
const EVERY: Duration = Duration::from_secs(600);

/// Makes partitions ahead and removes what has expired, until the server stops; and what else there is to do as often.
pub async fn maintain(database: &Database, also: impl Fn() -> BoxFuture<'static, Result<()>>) {
    loop {
        warn("cannot maintain the partitions", partitions::maintain_now(database).await);
        warn("cannot remove what has expired", sweep::sweep_now(database).await);
        warn("cannot remove what belongs to nothing", also().await);
        tokio::time::sleep(EVERY).await;
    }
}

fn warn<T>(problem: &str, done: Result<T>) {
    if let Err(error) = done {
        tracing::warn!(%error, cause = ?error.cause(), "{problem}");
    }
}
