//! The platform's own jobs, which keep its tables small.

use std::time::Duration;

use super::{JobKind, Jobs, Rules, Running, Schedule, Work};
use crate::{
    job,
    kernel::{Result, db::sweep},
};

pub const JOBS: Jobs = Jobs {
    kinds: &[JobKind::of::<RemoveExpired>()],
    schedules: &[Schedule::every_minutes::<RemoveExpired>(10)],
    starters: &[],
};

job! {
    /// Removes sessions, stored answers and counted attempts that have expired.
    RemoveExpired "remove_expired" {}
}

impl Work for RemoveExpired {
    const RULES: Rules = Rules { time: Duration::from_secs(600), ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        // In many small transactions, so that none holds locks for long. What is removed need not be removed again.
        sweep::sweep_now(job.database(), Some(job.note())).await?;
        Ok(())
    }
}
