//! Exports: what is in a file, who gets it, and what becomes of it.

mod audit;
pub mod cases;
mod end;
mod events;
mod person;
mod rights;
mod tickets;

use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::harness::{Person, TestApp};

impl TestApp {
    /// Lets the server's own jobs run in the background.
    fn start_working(&self) -> JoinHandle<()> {
        let worker = self.server_worker();
        tokio::spawn(async move {
            worker.run_due().await.unwrap();
        })
    }

    /// Adds tickets of a person, more than are read at once.
    async fn many_tickets(&self, by: &Person, clinic: uuid::Uuid, number: usize) {
        self.execute(&format!(
            "insert into support_tickets (id, clinic_id, created_by_user_id, title, description, created_at)
             select private.uuid_v7(), '{clinic}', '{by}', 'Ticket ' || n, 'x', now() - interval '1 hour' + n * interval '1 second'
             from generate_series(1, {number}) as n",
            by = by.user_id
        ))
        .await;
    }
}

/// Waits until an export has a status.
async fn until_status(person: &Person, export: &str, status: &str) {
    let begun = std::time::Instant::now();
    while person.export(export, "{ status }").await["status"] != status {
        assert!(begun.elapsed() < Duration::from_secs(20), "it takes too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The rows of an NDJSON file.
fn lines(content: &str) -> Vec<Value> {
    content.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
