//! How much may be asked for in a minute: by who is signed in, and by address for strangers. What counts is the cost.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use uuid::Uuid;

use crate::{
    kernel::{Actor, Code, Error, Result, actor::Person, clock::Clock},
    server::contract::RateLimit,
};

const WINDOW: i64 = 60;

/// What a document that is refused is charged for: reading it is most of the work, and a stranger may
/// send what they like.
const REFUSED: u64 = 10;

/// Cost allowed in a minute; 0 for any.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub person: u64,
    pub stranger: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { person: 60_000, stranger: 1_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Person(Uuid),
    Address(IpAddr),
    /// For documents that were refused.
    Refused(IpAddr),
}

/// Counts what everybody asked for in this minute.
pub struct Meter {
    rates: Rates,
    clock: Clock,
    spent: Cache<(Who, i64), Arc<AtomicU64>>,
}

impl Meter {
    #[must_use]
    pub fn new(rates: Rates, clock: Clock) -> Self {
        // Old minutes fall out by age; should a flood of addresses come, the oldest are forgotten first.
        let spent =
            Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(2 * WINDOW.unsigned_abs())).build();
        Self { rates, clock, spent }
    }

    /// Charges the caller; `RATE_LIMITED` when nothing is left. None where there is no limit.
    pub fn charge(&self, actor: &Actor, address: IpAddr, cost: u64) -> Result<Option<RateLimit>> {
        let (who, limit) = match actor {
            Actor::Person(person) => (Who::Person(person.user_id), self.rates.person),
            Actor::Nobody | Actor::System => (Who::Address(network(address)), self.rates.stranger),
        };
        if limit == 0 {
            return Ok(None);
        }
        let (minute, wait) = self.minute();
        let spent = self.spent.get_with((who, minute), Arc::default);
        let spent = spent.fetch_add(cost.max(1), Ordering::Relaxed).saturating_add(cost.max(1));
        if spent > limit {
            return Err(too_much(limit, wait));
        }
        Ok(Some(RateLimit { limit: short(limit), remaining: short(limit - spent), reset_seconds: short(wait) }))
    }

    /// Whether another document of this address is read; `RATE_LIMITED` when too many were refused.
    pub fn admit(&self, address: IpAddr) -> Result<()> {
        self.require_left(Who::Refused(network(address)), self.rates.stranger)
    }

    /// Whether another document of somebody is read although too many of their address were refused: those who share
    /// an address do not pay for each other, but everybody pays for themselves.
    pub fn admit_person(&self, person: &Person) -> Result<()> {
        self.require_left(Who::Person(person.user_id), self.rates.person)
    }

    fn require_left(&self, who: Who, limit: u64) -> Result<()> {
        let (minute, wait) = self.minute();
        match self.spent.get(&(who, minute)).map_or(0, |spent| spent.load(Ordering::Relaxed)) {
            spent if limit > 0 && spent >= limit => Err(too_much(limit, wait)),
            _ => Ok(()),
        }
    }

    /// Charges for a document that was refused: the address, and whoever is signed in.
    pub fn charge_refused(&self, actor: &Actor, address: IpAddr) {
        let person = actor.person().ok().map(|person| Who::Person(person.user_id));
        for who in [Some(Who::Refused(network(address))), person].into_iter().flatten() {
            let spent = self.spent.get_with((who, self.minute().0), Arc::default);
            spent.fetch_add(REFUSED, Ordering::Relaxed);
        }
    }

    /// The minute it is, and the seconds until the next.
    fn minute(&self) -> (i64, u64) {
        let now = self.clock.now().timestamp();
        (now / WINDOW, (WINDOW - now % WINDOW).unsigned_abs())
    }
}

fn too_much(limit: u64, wait: u64) -> Error {
    let error = Error::new(Code::RateLimited, "too much was asked for in this minute; please wait a little");
    error.retry_after(wait).limit(limit)
}

/// What headers tell of a caller who has nothing left.
#[must_use]
pub fn nothing_left(error: &Error) -> Option<RateLimit> {
    let (limit, wait) = (error.reached_limit()?, error.seconds_to_wait()?);
    let is_it = error.code() == Code::RateLimited;
    is_it.then(|| RateLimit { limit: short(limit), remaining: 0, reset_seconds: short(wait) })
}

fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// An IPv6 host has a whole /64 to itself.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & (u128::MAX << 64)).into()),
        four @ IpAddr::V4(_) => four,
    }
}
