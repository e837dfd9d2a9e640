//! The rate limit: the cost that a user, or the anonymous callers of an address, may spend in a minute.

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
    kernel::{
        Actor, Code, Error, Result,
        actor::{Person, network},
        clock::Clock,
    },
    server::contract::RateLimit,
};

const WINDOW: i64 = 60;

/// The charge for a request that is refused: reading it is most of the work, and anyone can send one.
const REFUSED: u64 = 10;
/// The charge for looking for a token that was never seen, returned if somebody has it.
const LOOK_UP: u64 = 1;

/// Cost allowed in a minute; 0 for no limit.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Of a signed-in user.
    pub user: u64,
    /// Of the anonymous callers of one address.
    pub anonymous: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { user: 60_000, anonymous: 1_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Account {
    User(Uuid),
    Address(IpAddr),
    /// Of an address, for refused requests and made-up tokens alone.
    Refused(IpAddr),
}

/// Counts the cost spent in each minute.
pub struct Meter {
    rates: Rates,
    clock: Clock,
    spent: Cache<(Account, i64), Arc<AtomicU64>>,
}

impl Meter {
    #[must_use]
    pub fn new(rates: Rates, clock: Clock) -> Self {
        // Past minutes expire; in a flood of addresses the oldest entries are dropped first.
        let spent =
            Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(2 * WINDOW.unsigned_abs())).build();
        Self { rates, clock, spent }
    }

    /// Charges the caller, or fails with `RATE_LIMITED`. `None` if there is no limit.
    pub fn charge(&self, actor: &Actor, address: IpAddr, cost: u64) -> Result<Option<RateLimit>> {
        let (account, limit) = match actor {
            Actor::Person(person) => (Account::User(person.user_id), self.rates.user),
            Actor::Nobody | Actor::System | Actor::Job(_) => (Account::Address(network(address)), self.rates.anonymous),
        };
        if limit == 0 {
            return Ok(None);
        }
        let (minute, wait) = self.minute();
        let spent = self.spent.get_with((account, minute), Arc::default);
        let spent = spent.fetch_add(cost.max(1), Ordering::Relaxed).saturating_add(cost.max(1));
        if spent > limit {
            return Err(exceeded(limit, wait));
        }
        Ok(Some(RateLimit { limit: to_u32(limit), remaining: to_u32(limit - spent), reset_seconds: to_u32(wait) }))
    }

    /// Whether another request of this address is read: `RATE_LIMITED` after too many refused ones.
    pub fn admit(&self, address: IpAddr) -> Result<()> {
        self.require_left(Account::Refused(network(address)), self.rates.anonymous)
    }

    /// Whether another request of a user is read although too many of their address were refused: users who share an
    /// address are not limited by each other, only by their own spending.
    pub fn admit_person(&self, person: &Person) -> Result<()> {
        self.require_left(Account::User(person.user_id), self.rates.user)
    }

    fn require_left(&self, account: Account, limit: u64) -> Result<()> {
        let (minute, wait) = self.minute();
        match self.spent.get(&(account, minute)).map_or(0, |spent| spent.load(Ordering::Relaxed)) {
            spent if limit > 0 && spent >= limit => Err(exceeded(limit, wait)),
            _ => Ok(()),
        }
    }

    /// Charges the search for a token to its address, before the database is asked; `RATE_LIMITED` once the address has
    /// spent the minute on tokens that nobody has and on refused requests.
    pub fn charge_look_up(&self, address: IpAddr) -> Result<()> {
        let limit = self.rates.anonymous;
        let (minute, wait) = self.minute();
        let spent = self.spent.get_with((Account::Refused(network(address)), minute), Arc::default);
        if limit > 0 && spent.fetch_add(LOOK_UP, Ordering::Relaxed) >= limit {
            return Err(exceeded(limit, wait));
        }
        Ok(())
    }

    /// Somebody had the token.
    pub fn return_look_up(&self, address: IpAddr) {
        if let Some(spent) = self.spent.get(&(Account::Refused(network(address)), self.minute().0)) {
            // Of the minute before, maybe; then there is nothing to return.
            spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |spent| spent.checked_sub(LOOK_UP)).ok();
        }
    }

    /// Charges a refused request to the address, and to the user if one is signed in.
    pub fn charge_refused(&self, actor: &Actor, address: IpAddr) {
        let person = actor.person().ok().map(|person| Account::User(person.user_id));
        for account in [Some(Account::Refused(network(address))), person].into_iter().flatten() {
            let spent = self.spent.get_with((account, self.minute().0), Arc::default);
            spent.fetch_add(REFUSED, Ordering::Relaxed);
        }
    }

    /// The current minute, and the seconds until the next.
    fn minute(&self) -> (i64, u64) {
        let now = self.clock.now().timestamp();
        (now / WINDOW, (WINDOW - now % WINDOW).unsigned_abs())
    }
}

fn exceeded(limit: u64, wait: u64) -> Error {
    let error = Error::new(Code::RateLimited, "the rate limit for this minute is used up; please wait");
    error.retry_after(wait).limit(limit)
}

/// The rate limit headers of a caller who is over the limit.
#[must_use]
pub fn nothing_left(error: &Error) -> Option<RateLimit> {
    let (limit, wait) = (error.reached_limit()?, error.seconds_to_wait()?);
    let is_rate = error.code() == Code::RateLimited;
    is_rate.then(|| RateLimit { limit: to_u32(limit), remaining: 0, reset_seconds: to_u32(wait) })
}

fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
