//! What integrations are used with: the keys that open their secrets, the client for calls, and the address of this server.

use std::sync::Arc;

use uuid::Uuid;

use super::{Integration, reference, webhook_address};
use crate::{
    kernel::{Id, clock::Clock, db::Database, secrets::KeyRing},
    outbound::Outbound,
};

/// The use of integrations; clones share everything.
#[derive(Clone)]
pub struct Integrations(Arc<Parts>);

struct Parts {
    ring: Arc<KeyRing>,
    outbound: Outbound,
    database: Database,
    clock: Clock,
    public_url: Option<String>,
}

impl Integrations {
    /// `public_url` is the address under which services reach this server, without a path.
    #[must_use]
    pub fn new(
        ring: Arc<KeyRing>,
        outbound: Outbound,
        database: Database,
        clock: Clock,
        public_url: Option<String>,
    ) -> Self {
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Self(Arc::new(Parts { ring, outbound, database, clock, public_url }))
    }

    pub(super) fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    pub(super) fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn public_url(&self) -> Option<&str> {
        self.0.public_url.as_deref()
    }

    /// The address for webhooks of an integration: without this server's address, a path alone.
    pub(super) fn webhook_url(&self, id: Id<Integration>, nonce: &[u8]) -> String {
        format!("{}{}", self.public_url().unwrap_or_default(), webhook_address::path(self.ring(), id, nonce))
    }

    /// A text that goes along with a message and comes back in what the service reports of it
    /// ([`Received::reference`](super::Received)).
    #[must_use]
    pub fn reference(&self, clinic: Uuid, id: Uuid) -> String {
        reference::write(self.ring(), clinic, id)
    }
}
