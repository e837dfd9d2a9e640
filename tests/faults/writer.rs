//! A client that opens one ticket after the other, and sends each again under the same key, to either server, until it is
//! acknowledged.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clinigraph::kernel::ids;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::world::World;

/// Title and id of each ticket that was acknowledged.
type Acknowledged = Arc<Mutex<Vec<(String, Uuid)>>>;

pub struct Writer {
    acknowledged: Acknowledged,
    task: JoinHandle<()>,
}

impl Writer {
    pub async fn start(world: &World, number: usize, stop: Arc<AtomicBool>) -> Self {
        let (addresses, token) = (world.addresses(), world.manager().await);
        let acknowledged = Acknowledged::default();
        let shared = Arc::clone(&acknowledged);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
        let task = tokio::spawn(async move {
            let mut at = number;
            for ticket in 0.. {
                let title = format!("{number}-{ticket}");
                let id = loop {
                    let url = format!("http://{}/graphql", addresses[at % 2]);
                    let request = client.post(&url).bearer_auth(&token).header("idempotency-key", &title);
                    match send(request, &title).await {
                        Some(id) => break id,
                        None => {
                            // It may have been done; the other server knows the key as well.
                            at += 1;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                };
                shared.lock().unwrap().push((title, id));
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        Self { acknowledged, task }
    }

    pub fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// The titles so far.
    pub fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().iter().map(|(title, _)| title.clone()).collect()
    }

    /// Ends once the ticket under way is acknowledged.
    pub async fn finish(self) -> Vec<(String, Uuid)> {
        self.task.await.unwrap();
        std::mem::take(&mut self.acknowledged.lock().unwrap())
    }
}

/// The ticket's id, when the server has acknowledged it.
async fn send(request: reqwest::RequestBuilder, title: &str) -> Option<Uuid> {
    let query = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
    let input = json!({ "title": title, "description": "Please help." });
    let request = request.json(&json!({ "query": query, "variables": { "input": input } }));
    let answer: Value = request.send().await.ok()?.json().await.ok()?;
    if let Some(id) = answer.pointer("/data/openTicket/ticket/id") {
        return ids::split(id.as_str().unwrap()).map(|(_, id)| id);
    }
    let code = answer.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or_default();
    // No other error is solved by sending it again.
    assert!(matches!(code, "UNAVAILABLE" | "TIMEOUT"), "{answer}");
    None
}
