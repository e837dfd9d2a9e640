//! What webhooks work with outside the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use serde_json::{Map, Value};
use url::Url;

use crate::{
    kernel::{Error, Result, actor::Person, error::Problems, secrets::KeyRing},
    outbound::{Outbound, Reach},
};

/// A future that can be sent to other threads.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs the queries of endpoints, with the limits of all operations. What webhooks must not import implements it.
pub trait OwnersQueries: Send + Sync {
    /// What is wrong with a query that is going to be stored: it must be a query whose only variable is `$id: ID!`.
    fn check<'a>(&'a self, query: &'a str) -> Pending<'a, Result<(), String>>;

    /// The answer to a query for an object, with the rights of a person who has no session.
    fn run<'a>(
        &'a self,
        person: Arc<Person>,
        query: &'a str,
        subject_id: String,
        request_id: String,
    ) -> Pending<'a, Result<Map<String, Value>>>;
}

/// Sends webhooks; clones share everything.
#[derive(Clone)]
pub struct Webhooks(Arc<Parts>);

struct Parts {
    outbound: Outbound,
    ring: Arc<KeyRing>,
    queries: OnceLock<Arc<dyn OwnersQueries>>,
}

impl Webhooks {
    #[must_use]
    pub fn new(outbound: Outbound, ring: Arc<KeyRing>) -> Self {
        Self(Arc::new(Parts { outbound, ring, queries: OnceLock::new() }))
    }

    /// Says what runs the queries of endpoints; the first time counts.
    pub fn run_queries_with(&self, queries: Arc<dyn OwnersQueries>) {
        drop(self.0.queries.set(queries));
    }

    pub(super) fn queries(&self) -> Result<&dyn OwnersQueries> {
        self.0.queries.get().map(AsRef::as_ref).ok_or_else(|| Error::internal("nothing runs the queries of webhooks"))
    }

    pub(super) fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    pub(super) fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    /// Notes what is wrong with an address.
    pub(super) async fn check_url(&self, address: &str, problems: &mut Problems) {
        let checked = match Url::parse(address) {
            Ok(url) => self.0.outbound.check(&url, Reach::Public).await.map_err(|error| error.to_string()),
            Err(_) => Err("the address is no complete URL".to_owned()),
        };
        if let Err(reason) = checked {
            problems.check(false, "input.url", format!("cannot be used: {reason}"));
        }
    }

    /// Notes what is wrong with a query.
    pub(super) async fn check_query(&self, query: &str, problems: &mut Problems) -> Result<()> {
        if let Err(reason) = self.queries()?.check(query).await {
            problems.check(false, "input.query", reason);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Webhooks").field(&self.0.outbound).finish()
    }
}
