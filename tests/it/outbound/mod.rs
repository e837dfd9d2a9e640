//! Requests to other servers: where they may go, and what comes of answers that are slow, broken or endless.

mod addresses;
mod guard;
mod sending;
mod tls;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clinigraph::outbound::{Outbound, OutboundOptions, Reach, Reply, Request, Resolve, Unsent};
use http::Method;
use url::Url;

/// A resolver that knows some names; of the addresses of a name, each look-up takes the next ones.
#[derive(Default)]
struct Names {
    known: HashMap<&'static str, Vec<Vec<SocketAddr>>>,
    asked: AtomicUsize,
    ports: Mutex<Vec<u16>>,
}

impl Names {
    fn of(name: &'static str, answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect());
        Arc::new(Self { known: HashMap::from([(name, answers.collect())]), ..Self::default() })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Resolve for Names {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> std::pin::Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        self.ports.lock().unwrap().push(port);
        let answers = self.known.get(name);
        let answer = answers.map(|answers| answers[asked.min(answers.len() - 1)].clone());
        Box::pin(async move { answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// With what is allowed by default.
fn guarded(names: &Arc<Names>) -> Outbound {
    Outbound::with_resolver(OutboundOptions::default(), Arc::clone(names) as Arc<dyn Resolve>)
}

/// With the switch for development.
fn open() -> Outbound {
    Outbound::new(OutboundOptions { allows_private: true, ..OutboundOptions::default() })
}

async fn get(outbound: &Outbound, address: &str) -> Result<Reply, Unsent> {
    let within = Duration::from_millis(800);
    outbound.send(Request { within, keep: 1024, ..Request::new(Method::GET, url(address), Reach::Public) }).await
}
