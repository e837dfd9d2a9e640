//! Webhooks: what is sent to whom, signed, in order and again, and what becomes of endpoints that fail.

mod backlog;
pub mod cases;
mod deliver;
mod disable;
mod endpoints;
mod guard;
mod hostile;
mod order;
mod owner;
mod person;
mod processes;
mod query;
mod redeliver;
mod retries;
mod rotation;
mod sessionless;
mod upkeep;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use clinigraph::{
    kernel::services::Services,
    outbound::OutboundOptions,
    pipeline::Settings,
    webhook::{Dispatcher, DispatcherSettings},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::harness::{TestApp, receiver::Received, settings};

/// An app whose webhooks may be sent to this machine, and which has begun to read events.
async fn hooks() -> TestApp {
    let outbound = OutboundOptions { allows_private: true, ..OutboundOptions::default() };
    let app = TestApp::with(Settings { outbound, ..settings() }, 4).await;
    app.send_webhooks().await;
    app
}

impl TestApp {
    fn dispatcher(&self) -> Dispatcher {
        self.dispatcher_with(&self.services)
    }

    fn dispatcher_with(&self, services: &Services) -> Dispatcher {
        let quick = DispatcherSettings { within: Duration::from_millis(600), ..DispatcherSettings::default() };
        Dispatcher::new(self.database.clone(), Arc::clone(&self.hub), services, quick).unwrap()
    }

    /// Sends all that is due, with what the events so far start; returns the number of attempts.
    async fn send_webhooks(&self) -> usize {
        self.has_read_all_events().await;
        self.dispatcher().run_due().await.unwrap()
    }

    /// Lets time pass, and sends what is due then.
    async fn send_webhooks_after(&self, pause: chrono::TimeDelta) -> usize {
        self.clock.turn(pause);
        self.send_webhooks().await
    }
}

/// Which of the secrets have signed a request, as a receiver checks it.
fn signed_with(received: &Received, secrets: &[&str]) -> Vec<bool> {
    let header = |name: &str| received.header(name).unwrap_or_else(|| panic!("{name}: {received:?}"));
    let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
    let signatures: Vec<_> = header("webhook-signature").split(' ').collect();
    let signature = |secret: &&str| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{seconds}.{}", received.body).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(|secret| signatures.contains(&signature(secret).as_str())).collect()
}
