//! Attempts to sign in, counted before anything is checked. What counts is the text that was typed in, whether or not it
//! belongs to an account: both take the same statements, write the same rows and get the same answers.
//!
//! Three numbers decide, each of a row in `sign_in_attempts`:
//!
//! - **An account from a network address** is locked for 15 minutes after five failures in a row.
//! - **An account**, wherever it is tried from, is never locked, or anybody could lock out anybody. Once it has failed ten
//!   times in a day, each network address has to wait before it may try, for as many seconds as there were further failures.
//!   The pause of one address does not count for another.
//! - **A network address** that has failed a hundred times in 15 minutes has to wait for the rest of them.
//!
//! The latter two do not hold for an account from where it has signed in before: its owner is not held up by what others try.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, Insertable, Queryable, insert_into, upsert::excluded};
use diesel_async::RunQueryDsl;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    kernel::{
        Code, Error, Result,
        actor::network,
        db::{Scope, prepared},
        secrets::KeyRing,
    },
    schema::sign_in_attempts::{self as rows, table},
};

/// Failures in a row after which an account is locked for a network address.
const MOST_FAILURES: i32 = 5;
/// Time for which it is locked.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);
/// Time after which failures of an account from a network address are forgotten.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(1);
/// Time for which a network address is known as one that an account signs in from.
const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

/// Failures of an account from anywhere before attempts have to wait, and the time in which they are counted.
const MOST_OF_ACCOUNT: i32 = 10;
const WINDOW_OF_ACCOUNT: TimeDelta = TimeDelta::days(1);
/// Longest time that an attempt has to wait.
const LONGEST_PAUSE: i32 = 900;

/// Failures of a network address, and the time in which they are counted.
const MOST_OF_NETWORK: i32 = 100;
const WINDOW_OF_NETWORK: TimeDelta = TimeDelta::minutes(15);

/// What is attempted. Each is counted by itself.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// To sign in with a password; the account is the email address.
    SignIn,
}

impl Purpose {
    fn text(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
        }
    }
}

/// Counts attempts, under a key that the database does not have.
#[derive(Clone)]
pub struct Attempts([u8; 32]);

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

impl Attempts {
    pub fn new(ring: &KeyRing) -> Result<Self> {
        Ok(Self(hash(ring.root(), &["attempts to sign in"])?))
    }

    /// An attempt for an account, as its address was given, from a network address.
    pub fn attempt(&self, purpose: Purpose, account: &str, address: IpAddr) -> Result<Attempt> {
        let (purpose, network) = (purpose.text(), network(address).to_string());
        Ok(Attempt {
            pair: hash(&self.0, &[purpose, "account and network", &network, account])?,
            account: hash(&self.0, &[purpose, "account", account])?,
            network: hash(&self.0, &[purpose, "network", &network])?,
        })
    }
}

/// Of the parts only the last can have any length and any character.
fn hash(key: &[u8], parts: &[&str]) -> Result<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).map_err(Error::internal)?;
    mac.update(parts.join("\0").as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

/// An attempt: the keys of what it counts for.
#[derive(Debug, Clone)]
pub struct Attempt {
    pair: [u8; 32],
    account: [u8; 32],
    network: [u8; 32],
}

/// What an attempt that was not refused may do.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is counted as a failure until [`Attempt::succeed`] says otherwise.
    Admitted,
    /// It has to wait for this number of seconds, and come again.
    Paused(u64),
}

impl Admission {
    /// `RATE_LIMITED` for an attempt that has to wait. Its pause must have been committed.
    pub fn require(self) -> Result<()> {
        match self {
            Self::Admitted => Ok(()),
            Self::Paused(seconds) => Err(slowed(seconds)),
        }
    }
}

impl Attempt {
    /// Counts the attempt before it is checked, so that of many at once no more are checked than of as many one after the
    /// other. An error means that it is refused and that nothing is to be written.
    pub async fn charge(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Admission> {
        let mut counters = self.lock(scope, now).await?;
        let admission = counters.charge(now)?;
        self.store(scope, counters).await?;
        Ok(admission)
    }

    /// Takes back what [`Self::charge`] counted, and knows the network address from now on.
    pub async fn succeed(&self, scope: &Scope, now: DateTime<Utc>) -> Result<()> {
        let mut counters = self.lock(scope, now).await?;
        counters.succeed(now);
        self.store(scope, counters).await
    }

    /// The rows, locked until the transaction ends. A row that does not exist cannot be locked, so it is made first.
    async fn lock(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Counters> {
        let mut keys = [self.pair, self.account, self.network];
        // In one order, so that two attempts wait for each other and cannot deadlock.
        keys.sort_unstable();
        let new = keys.map(|key| (rows::key.eq(key.to_vec()), rows::expires_at.eq(now)));
        let made =
            insert_into(table).values(new).on_conflict(rows::key).do_update().set(rows::key.eq(excluded(rows::key)));
        let made = made.returning((rows::key, rows::failures, rows::waits_until, rows::succeeded_at, rows::expires_at));
        let tx = scope.tx().await?;
        let found: Vec<Counter> = prepared(made).load(&mut tx.conn()?).await?;
        let of = |key: &[u8; 32]| {
            let found = found.iter().find(|counter| counter.key == key);
            let found = found.ok_or_else(|| Error::internal("an attempt is not counted"))?;
            // What has expired counts for nothing, whether or not it was removed yet.
            Ok::<_, Error>(if found.expires_at > now { found.clone() } else { Counter::new(key, now) })
        };
        Ok(Counters { pair: of(&self.pair)?, account: of(&self.account)?, network: of(&self.network)? })
    }

    async fn store(&self, scope: &Scope, Counters { pair, account, network }: Counters) -> Result<()> {
        let mut all = [pair, account, network];
        all.sort_unstable_by(|one, next| one.key.cmp(&next.key));
        let stored = insert_into(table).values(all).on_conflict(rows::key).do_update().set((
            rows::failures.eq(excluded(rows::failures)),
            rows::waits_until.eq(excluded(rows::waits_until)),
            rows::succeeded_at.eq(excluded(rows::succeeded_at)),
            rows::expires_at.eq(excluded(rows::expires_at)),
        ));
        let tx = scope.tx().await?;
        prepared(stored).execute(&mut tx.conn()?).await?;
        Ok(())
    }
}

/// A row.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = rows, treat_none_as_default_value = false)]
struct Counter {
    key: Vec<u8>,
    failures: i32,
    waits_until: Option<DateTime<Utc>>,
    succeeded_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl Counter {
    fn new(key: &[u8; 32], now: DateTime<Utc>) -> Self {
        Self { key: key.to_vec(), failures: 0, waits_until: None, succeeded_at: None, expires_at: now }
    }

    /// Counts a failure in a window of time that begins with the first.
    fn count_within(&mut self, window: TimeDelta, now: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        if self.expires_at <= now {
            self.expires_at = now + window;
        }
    }

    fn seconds_to_wait(&self, now: DateTime<Utc>) -> Option<u64> {
        self.waits_until.and_then(|until| seconds_until(until, now))
    }
}

fn seconds_until(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<u64> {
    (until > now).then(|| (until - now).num_seconds().max(1).unsigned_abs())
}

/// What an attempt counts for.
struct Counters {
    pair: Counter,
    account: Counter,
    network: Counter,
}

impl Counters {
    fn charge(&mut self, now: DateTime<Utc>) -> Result<Admission> {
        let Self { pair, account, network } = self;
        if pair.failures >= MOST_FAILURES {
            if let Some(seconds) = pair.seconds_to_wait(now) {
                let error = Error::new(Code::AccountLocked, "too many failed attempts; please wait a little");
                return Err(error.retry_after(seconds));
            }
            (pair.failures, pair.waits_until) = (0, None);
        }
        if pair.succeeded_at.is_none() {
            if network.failures >= MOST_OF_NETWORK
                && let Some(seconds) = seconds_until(network.expires_at, now)
            {
                return Err(slowed(seconds));
            }
            if account.failures >= MOST_OF_ACCOUNT {
                if let Some(seconds) = pair.seconds_to_wait(now) {
                    return Err(slowed(seconds));
                }
                // Who has waited may try once, and waits again before the next attempt.
                if pair.waits_until.take().is_none() {
                    let pause = (account.failures - MOST_OF_ACCOUNT + 1).min(LONGEST_PAUSE);
                    pair.waits_until = Some(now + TimeDelta::seconds(pause.into()));
                    pair.expires_at = now + REMEMBERED_FOR;
                    network.count_within(WINDOW_OF_NETWORK, now);
                    return Ok(Admission::Paused(pause.unsigned_abs().into()));
                }
            }
        }
        pair.failures += 1;
        pair.expires_at = pair.expires_at.max(now + REMEMBERED_FOR);
        if pair.failures >= MOST_FAILURES {
            pair.waits_until = Some(now + LOCKED_FOR);
        }
        account.count_within(WINDOW_OF_ACCOUNT, now);
        network.count_within(WINDOW_OF_NETWORK, now);
        Ok(Admission::Admitted)
    }

    fn succeed(&mut self, now: DateTime<Utc>) {
        let Self { pair, account, network } = self;
        (pair.failures, pair.waits_until) = (0, None);
        pair.succeeded_at = Some(now);
        pair.expires_at = now + KNOWN_FOR;
        // A window may have ended meanwhile, and begun anew without this attempt.
        account.failures = (account.failures - 1).max(0);
        network.failures = (network.failures - 1).max(0);
    }
}

fn slowed(seconds: u64) -> Error {
    Error::new(Code::RateLimited, "too many failed attempts; please wait a little").retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(now: DateTime<Utc>) -> Counters {
        let new = || Counter::new(&[0; 32], now);
        Counters { pair: new(), account: new(), network: new() }
    }

    fn failed(counters: &mut Counters, times: usize, now: DateTime<Utc>) -> Vec<Option<Code>> {
        (0..times).map(|_| counters.charge(now).and_then(Admission::require).err().map(|error| error.code())).collect()
    }

    #[test]
    fn the_fifth_failure_locks_and_the_lock_does_not_grow() {
        let now = Utc::now();
        let mut counters = counters(now);
        assert_eq!(failed(&mut counters, 5, now), [None; 5]);
        assert_eq!(failed(&mut counters, 3, now + TimeDelta::minutes(14)), [Some(Code::AccountLocked); 3]);
        assert_eq!(failed(&mut counters, 5, now + TimeDelta::minutes(15)), [None; 5]);
        assert_eq!(failed(&mut counters, 1, now + TimeDelta::minutes(15)), [Some(Code::AccountLocked)]);
    }

    #[test]
    fn who_has_waited_may_try_once_however_many_others_try() {
        let now = Utc::now();
        let mut counters = counters(now);
        counters.account.failures = 40;
        counters.account.expires_at = now + WINDOW_OF_ACCOUNT;
        assert_eq!(counters.charge(now).unwrap(), Admission::Paused(31));
        assert_eq!(failed(&mut counters, 1, now + TimeDelta::seconds(30)), [Some(Code::RateLimited)]);
        counters.account.failures = 100_000;
        let later = now + TimeDelta::seconds(31);
        assert_eq!(counters.charge(later).unwrap(), Admission::Admitted);
        assert_eq!(counters.charge(later).unwrap(), Admission::Paused(900));
    }

    #[test]
    fn a_network_that_tries_many_waits_but_not_where_the_account_has_signed_in() {
        let now = Utc::now();
        let mut network = counters(now).network;
        for _ in 0..MOST_OF_NETWORK {
            let mut counters = Counters { network, ..counters(now) };
            assert_eq!(counters.charge(now).unwrap(), Admission::Admitted);
            network = counters.network;
        }
        let mut stranger = Counters { network: network.clone(), ..counters(now) };
        assert_eq!(failed(&mut stranger, 1, now), [Some(Code::RateLimited)]);
        let mut known = Counters { network, ..counters(now) };
        known.pair.succeeded_at = Some(now);
        assert_eq!(known.charge(now).unwrap(), Admission::Admitted);
    }

    #[test]
    fn the_keys_depend_on_every_part() {
        let attempts = Attempts::new(&KeyRing::parse(&KeyRing::generate().unwrap()).unwrap()).unwrap();
        let of = |account, address: &str| attempts.attempt(Purpose::SignIn, account, address.parse().unwrap()).unwrap();
        let one = of("a@b.example", "2001:db8:0:1::1");
        let neighbour = of("a@b.example", "2001:db8:0:1:ffff::2");
        let elsewhere = of("a@b.example", "2001:db8:0:2::1");
        let other = of("c@b.example", "2001:db8:0:1::1");
        assert_eq!(one.pair, neighbour.pair, "a /64 is one network");
        assert!(one.pair != elsewhere.pair && one.account == elsewhere.account && one.network != elsewhere.network);
        assert!(one.pair != other.pair && one.account != other.account && one.network == other.network);
    }
}
