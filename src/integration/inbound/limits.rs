//! How much may come in: so many at once, so many for an integration in a minute, and so many from an address that are refused.

use std::{
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::kernel::{actor::network, clock::Clock};

/// Webhooks that are received at once; a service waits and sends the others again.
const AT_ONCE: usize = 32;
const OF_INTEGRATION: u32 = 6_000;
const REFUSED_OF_ADDRESS: u32 = 120;
const MINUTE: i64 = 60;

/// Counts in each minute.
struct Counter<K>(Cache<(K, i64), Arc<AtomicU32>>);

impl<K: Hash + Eq + Send + Sync + 'static> Counter<K> {
    fn new() -> Self {
        Self(Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(120)).build())
    }

    fn add(&self, key: K, minute: i64) -> u32 {
        self.0.get_with((key, minute), Arc::default).fetch_add(1, Ordering::Relaxed) + 1
    }

    fn get(&self, key: K, minute: i64) -> u32 {
        self.0.get(&(key, minute)).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// The limits; clones share them.
#[derive(Clone)]
pub struct InboundLimits(Arc<Parts>);

struct Parts {
    clock: Clock,
    places: Arc<Semaphore>,
    integrations: Counter<Uuid>,
    refused: Counter<IpAddr>,
}

impl InboundLimits {
    pub fn new(clock: Clock) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self(Arc::new(Parts { clock, places, integrations: Counter::new(), refused: Counter::new() }))
    }

    fn minute(&self) -> i64 {
        self.0.clock.now().timestamp().div_euclid(MINUTE)
    }

    /// A place, unless all are taken or the address has sent too much that was refused.
    pub fn admit(&self, address: IpAddr) -> Option<OwnedSemaphorePermit> {
        if self.0.refused.get(network(address), self.minute()) >= REFUSED_OF_ADDRESS {
            return None;
        }
        Arc::clone(&self.0.places).try_acquire_owned().ok()
    }

    pub fn refused(&self, address: IpAddr) {
        self.0.refused.add(network(address), self.minute());
    }

    /// Whether an integration may receive one more in this minute.
    pub fn admit_to(&self, integration: Uuid) -> bool {
        self.0.integrations.add(integration, self.minute()) <= OF_INTEGRATION
    }
}
