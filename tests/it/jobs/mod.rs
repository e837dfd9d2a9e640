//! Jobs: which start when, what becomes of those that fail, that each takes effect once, and who sees them.

pub mod cases;
mod claims;
mod dead;
mod drain;
mod from_events;
mod keys;
mod limits;
mod reach;
mod retries;
mod schedules;
mod tasks;
mod wake;
mod workers;

use std::{sync::Arc, time::Duration};

use clinigraph::{
    clinic::Clinic,
    jobs::{NewJob, Settings, Worker},
    kernel::{Id, services::Services},
};
use serde_json::{Value, json};

use self::tasks::{Act, TASKS, Task, TaskId, give};
use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp},
};

/// What people ask about a job.
pub const JOB: &str = "{ id kind key status priority attempts maxAttempts lastError runAt diedAt payload { name id }
    clinic { name } viewerCanRetry viewerCanDrop }";

impl TestApp {
    /// An app with a table in which tasks leave their effects.
    async fn with_effects() -> Self {
        let app = Self::new().await;
        app.make_effects().await;
        app
    }

    /// Makes the table. A server that starts later would refuse a database with a table that it does not know.
    async fn make_effects(&self) {
        self.execute(
            "create table effects (number bigint generated always as identity, task text not null);
             grant select, insert on effects to clinigraph_system",
        )
        .await;
    }

    /// What tasks have left there, in order.
    async fn effects(&self) -> Vec<String> {
        let rows = self.rows("select task from effects order by number").await;
        rows.iter().map(|row| row["task"].as_str().unwrap().to_owned()).collect()
    }

    fn worker(&self) -> Worker {
        self.worker_with(Settings { poll: Duration::from_millis(50), ..Settings::default() })
    }

    fn worker_with(&self, settings: Settings) -> Worker {
        Worker::new(self.database.clone(), Arc::clone(&self.hub), &[&TASKS], Services::default(), settings)
    }

    async fn add(&self, job: NewJob) {
        self.as_system(async |scope| job.enqueue(scope).await).await;
    }
}

impl TestClinic<'_> {
    pub fn typed(&self) -> Id<Clinic> {
        Id::from_uuid(self.id)
    }
}

impl Person {
    /// The jobs that there are, in the order of their times.
    async fn jobs(&self) -> Vec<Value> {
        let query = format!("{{ jobs(order: {{ field: RUN_AT, direction: ASC }}) {{ nodes {JOB} }} }}");
        self.ask(&query, json!({})).await["jobs"]["nodes"].as_array().unwrap().clone()
    }

    /// The only job.
    async fn job(&self) -> Value {
        let mut jobs = self.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    /// The number of jobs in a status.
    async fn count_jobs(&self, status: &str) -> i64 {
        let query = "query ($status: [JobStatus!]) { jobCounts(filter: { status: $status }) { total } }";
        self.ask(query, json!({ "status": status })).await["jobCounts"]["total"].as_i64().unwrap()
    }
}

/// Waits until a condition holds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "it takes too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A task that acts in a way.
fn task(act: Act) -> Task {
    let task_id = Id::<TaskId>::new();
    give(task_id, act);
    Task { task_id }
}
