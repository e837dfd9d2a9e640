//! Maintains the partitions while the server runs: in each process, since nothing can be written without them.

use std::time::Duration;

use super::{Database, partitions};

/// Interval of it. Partitions are made days ahead, so that it may fail for hours.
const EVERY: Duration = Duration::from_secs(600);

/// Makes partitions ahead and removes old ones, until the server stops.
pub async fn maintain(database: &Database) {
    loop {
        if let Err(error) = partitions::maintain_now(database).await {
            tracing::warn!(%error, cause = ?error.cause(), "cannot maintain the partitions");
        }
        tokio::time::sleep(EVERY).await;
    }
}
