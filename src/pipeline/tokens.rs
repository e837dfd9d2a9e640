//! Who a token belongs to. Asking the database costs a transaction, so it is charged to the address first: somebody who makes
//! tokens up is refused before long without one.

use std::{net::IpAddr, time::Duration};

use moka::sync::Cache;

use super::rate::Meter;
use crate::{
    access::Sessions,
    kernel::{Actor, Code, Result, actor::network, db::Party},
};

/// Looks up the callers of requests.
pub struct Tokens {
    sessions: Sessions,
    /// Hashes of tokens that nobody has, and nobody will: tokens are random, and an ended session does not come back.
    nobodys: Cache<[u8; 32], ()>,
    /// Hashes of tokens that somebody had. Asking for these is free: somebody who makes up tokens at the same address must not
    /// lock out people who are signed in.
    somebodys: Cache<[u8; 32], ()>,
}

impl Tokens {
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        let cache = |capacity, hours: u64| {
            Cache::builder().max_capacity(capacity).time_to_live(Duration::from_secs(hours * 3600)).build()
        };
        Self { sessions, nobodys: cache(20_000, 1), somebodys: cache(50_000, 24) }
    }

    /// The caller with this token; `SESSION_EXPIRED` when nobody has it.
    pub async fn actor(&self, hash: Option<[u8; 32]>, address: IpAddr, meter: &Meter) -> Result<Actor> {
        let Some(hash) = hash else { return Ok(Actor::Nobody) };
        if let Some(known) = self.sessions.known(&hash) {
            return known;
        }
        if self.nobodys.contains_key(&hash) {
            meter.charge_look_up(address)?;
            return Err(Sessions::ended());
        }
        let is_charged = !self.somebodys.contains_key(&hash);
        if is_charged {
            meter.charge_look_up(address)?;
        }
        let asked = self.sessions.on_behalf_of(Party::Address(network(address))).actor(hash).await;
        match &asked {
            Ok(_) => {
                self.somebodys.insert(hash, ());
                if is_charged {
                    meter.return_look_up(address);
                }
            }
            Err(error) if error.code() == Code::SessionExpired => {
                self.nobodys.insert(hash, ());
                if is_charged {
                    meter.charge_refused(&Actor::Nobody, address);
                }
            }
            Err(_) => {}
        }
        asked
    }

    /// Looks again next time.
    pub fn forget(&self, hash: &[u8; 32]) {
        self.sessions.forget(hash);
    }
}
