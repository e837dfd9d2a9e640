//! Somebody who listens, and resumes with the last cursor whenever they hear nothing more, at whichever server.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::task::JoinHandle;

use super::{
    chance::Chance,
    ear::{Ear, Heard, Over, Subscription, code},
    world::World,
};

const QUERY: &str = "subscription ($after: String) {
    ticketEvents(kinds: [OPENED], after: $after) { cursor ticket { title } }
}";

/// What somebody has heard.
#[derive(Debug, Clone)]
pub struct Told {
    pub over: Over,
    /// The cursors.
    pub events: Vec<String>,
    titles: HashSet<String>,
    pub connections: usize,
}

pub struct Listener {
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Listener {
    pub async fn start(world: &World, over: Over, mut chance: Chance) -> Self {
        let (addresses, token) = (world.addresses(), world.manager().await);
        let told = Told { over, events: Vec::new(), titles: HashSet::new(), connections: 0 };
        let told = Arc::new(Mutex::new(told));
        let kept = Arc::clone(&told);
        let began = world.beginning();
        let task = tokio::spawn(async move {
            loop {
                let after = kept.lock().unwrap().events.last().cloned().unwrap_or_else(|| began.clone());
                let to = Subscription { query: QUERY, variables: json!({ "after": after }), last_event_id: None };
                let mut ear = Ear::open(addresses[chance.below(2)], Some(&token), over, to).await;
                kept.lock().unwrap().connections += 1;
                hear(&mut ear, &kept).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { told, task }
    }

    pub fn heard(&self) -> Vec<String> {
        self.told.lock().unwrap().events.clone()
    }

    pub fn has_heard(&self, titles: &[String]) -> bool {
        let told = self.told.lock().unwrap();
        titles.iter().all(|title| told.titles.contains(title))
    }

    pub fn finish(self) -> Told {
        self.task.abort();
        self.told.lock().unwrap().clone()
    }
}

/// Until the connection ends, by whichever way.
async fn hear(ear: &mut Ear, kept: &Mutex<Told>) {
    loop {
        match ear.hear_within(Duration::from_secs(300)).await {
            Some(Heard::Event(payload, _)) if payload.get("errors").is_none() => {
                let event = &payload["data"]["ticketEvents"];
                let mut told = kept.lock().unwrap();
                told.events.push(event["cursor"].as_str().unwrap().to_owned());
                told.titles.insert(event["ticket"]["title"].as_str().unwrap().to_owned());
            }
            Some(Heard::Event(payload, _)) => return expected(&code(&payload["errors"][0])),
            Some(Heard::Failed(error)) => return expected(&code(&error)),
            Some(Heard::Closed(number, reason)) => {
                // The session is good; but a server may be unable to look at it now.
                let away = number == 4403 && reason.contains("cannot answer now");
                return assert!(away || matches!(number, 0 | 1001 | 1006 | 4500), "{number} {reason}");
            }
            Some(Heard::Complete) => panic!("a subscription without an end is over"),
            Some(Heard::Gone) | None => return,
        }
    }
}

fn expected(code: &str) {
    assert!(matches!(code, "UNAVAILABLE" | "TIMEOUT" | "LAGGED"), "{code}");
}
