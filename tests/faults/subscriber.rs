//! A client that subscribes, and resumes with its last cursor at either server whenever the subscription ends.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::task::JoinHandle;

use super::{
    chance::Chance,
    reader::{EventReader, Over, Received, Subscription, code},
    world::World,
};

const QUERY: &str = "subscription ($after: String) {
    ticketEvents(kinds: [OPENED], after: $after) { cursor ticket { title } }
}";

/// What a subscriber has received.
#[derive(Debug, Clone)]
pub struct Progress {
    pub over: Over,
    /// The cursors.
    pub events: Vec<String>,
    titles: HashSet<String>,
    pub connections: usize,
}

pub struct Subscriber {
    progress: Arc<Mutex<Progress>>,
    task: JoinHandle<()>,
}

impl Subscriber {
    pub async fn start(world: &World, over: Over, mut chance: Chance) -> Self {
        let (addresses, token) = (world.addresses(), world.manager().await);
        let progress = Progress { over, events: Vec::new(), titles: HashSet::new(), connections: 0 };
        let progress = Arc::new(Mutex::new(progress));
        let shared = Arc::clone(&progress);
        let began = world.beginning();
        let task = tokio::spawn(async move {
            loop {
                let after = shared.lock().unwrap().events.last().cloned().unwrap_or_else(|| began.clone());
                let to = Subscription { query: QUERY, variables: json!({ "after": after }), last_event_id: None };
                let mut reader = EventReader::open(addresses[chance.below(2)], Some(&token), over, to).await;
                shared.lock().unwrap().connections += 1;
                receive(&mut reader, &shared).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { progress, task }
    }

    pub fn received(&self) -> Vec<String> {
        self.progress.lock().unwrap().events.clone()
    }

    pub fn has_received(&self, titles: &[String]) -> bool {
        let progress = self.progress.lock().unwrap();
        titles.iter().all(|title| progress.titles.contains(title))
    }

    pub fn finish(self) -> Progress {
        self.task.abort();
        self.progress.lock().unwrap().clone()
    }
}

/// Receives until the subscription ends.
async fn receive(reader: &mut EventReader, shared: &Mutex<Progress>) {
    loop {
        match reader.next_within(Duration::from_secs(300)).await {
            Some(Received::Event(payload, _)) if payload.get("errors").is_none() => {
                let event = &payload["data"]["ticketEvents"];
                let mut progress = shared.lock().unwrap();
                progress.events.push(event["cursor"].as_str().unwrap().to_owned());
                progress.titles.insert(event["ticket"]["title"].as_str().unwrap().to_owned());
            }
            Some(Received::Event(payload, _)) => return expected(code(&payload["errors"][0])),
            Some(Received::Failed(error)) => return expected(code(&error)),
            Some(Received::Closed(number, reason)) => {
                // The session is valid, but a server may be unable to check it now.
                let unavailable = number == 4403 && reason.contains("cannot answer at the moment");
                return assert!(unavailable || matches!(number, 0 | 1001 | 1006 | 4500), "{number} {reason}");
            }
            Some(Received::Complete) => panic!("a subscription completed"),
            Some(Received::Disconnected) | None => return,
        }
    }
}

fn expected(code: &str) {
    assert!(matches!(code, "UNAVAILABLE" | "TIMEOUT" | "LAGGED"), "{code}");
}
