//! Counts the uses of operations whose domain declares how often they may be used.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use uuid::Uuid;

use crate::kernel::{
    Actor, Code, Error, Result,
    actor::network,
    clock::Clock,
    rate::{OperationRates, Rate, RateSubject},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Person(Uuid),
    Clinic(Uuid),
    Address(IpAddr),
}

impl Subject {
    /// Whose use this is, of those that are counted together; `None` if the caller is no such subject.
    fn of(subject: RateSubject, actor: &Actor, address: IpAddr) -> Option<Self> {
        match subject {
            RateSubject::Person => actor.person().ok().map(|person| Self::Person(person.user_id)),
            RateSubject::Clinic => actor.clinic_id().map(Self::Clinic),
            RateSubject::Address => Some(Self::Address(network(address))),
        }
    }
}

/// Counts the uses of operations, in windows of fixed length.
pub struct OperationCounts {
    declared: HashMap<&'static str, OperationRates>,
    /// Percentage of the declared rates that is allowed; 0 for no limit.
    percent: u32,
    clock: Clock,
    /// By operation, length of the window, subject and number of the window.
    counted: Cache<(&'static str, u32, Subject, i64), Arc<AtomicU64>>,
}

/// A use that was counted. Unless `keep` is called, it is forgotten when this is dropped: what failed or was only
/// repeated has written nothing. A use that is counted by address always counts, since failing is what guessing is.
#[derive(Debug, Default)]
pub struct Counted(Vec<Arc<AtomicU64>>);

impl Counted {
    pub fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        for count in &self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl OperationCounts {
    #[must_use]
    pub fn new(declared: Vec<OperationRates>, percent: u32, clock: Clock) -> Self {
        let longest = declared.iter().flat_map(|of| of.rates).map(|rate| rate.seconds).max().unwrap_or_default();
        let counted = Cache::builder()
            .max_capacity(100_000)
            .time_to_live(Duration::from_secs(2 * u64::from(longest.max(1))))
            .build();
        Self { declared: declared.into_iter().map(|of| (of.operation, of)).collect(), percent, clock, counted }
    }

    /// Counts one use of an operation, or fails with `RATE_LIMITED` and counts nothing.
    pub fn count(&self, operation: &str, actor: &Actor, address: IpAddr) -> Result<Counted> {
        let mut counted = Counted::default();
        let Some(declared) = self.declared.get(operation).filter(|_| self.percent > 0) else { return Ok(counted) };
        let now = self.clock.now().timestamp();
        for Rate { subject, count, seconds } in declared.rates {
            let Some(who) = Subject::of(*subject, actor, address) else { continue };
            let limit = (u64::from(*count) * u64::from(self.percent) / 100).max(1);
            let length = i64::from(*seconds);
            let key = (declared.operation, *seconds, who, now / length);
            let uses = self.counted.get_with(key, Arc::default);
            if uses.fetch_add(1, Ordering::Relaxed) >= limit {
                uses.fetch_sub(1, Ordering::Relaxed);
                let message = format!("{operation} is allowed {limit} times in {}", time(*seconds));
                return Err(Error::new(Code::RateLimited, message).retry_after((length - now % length).unsigned_abs()));
            }
            if *subject != RateSubject::Address {
                counted.0.push(uses);
            }
        }
        Ok(counted)
    }

    /// Whether callers who are not signed in may use an operation.
    #[must_use]
    pub fn is_anonymous(&self, operation: &str) -> bool {
        self.declared.get(operation).is_some_and(|declared| declared.is_anonymous)
    }
}

/// A length of time in words.
fn time(seconds: u32) -> String {
    match seconds {
        60 => "a minute".to_owned(),
        3600 => "an hour".to_owned(),
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use chrono::TimeDelta;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const FEED: OperationRates = OperationRates::anonymous("feed", &[Rate::per(RateSubject::Address, 2, 900)]);

    fn counts(percent: u32) -> (OperationCounts, Clock) {
        let clock = Clock::default();
        (OperationCounts::new(vec![FEED], percent, clock.clone()), clock)
    }

    #[test]
    fn an_address_has_its_rate_whether_it_succeeds_or_not() {
        let (counts, clock) = counts(100);
        for _ in 0..2 {
            drop(counts.count("feed", &Actor::Nobody, HERE).unwrap());
        }
        let refused = counts.count("feed", &Actor::Nobody, HERE).unwrap_err();

        assert_eq!((refused.code(), refused.message()), (Code::RateLimited, "feed is allowed 2 times in 15 minutes"));
        assert!((1..=900).contains(&refused.seconds_to_wait().unwrap()));
        counts.count("feed", &Actor::Nobody, Ipv4Addr::new(10, 0, 0, 1).into()).unwrap();
        counts.count("other", &Actor::Nobody, HERE).unwrap();
        clock.turn(TimeDelta::seconds(900));
        counts.count("feed", &Actor::Nobody, HERE).unwrap();
    }

    #[test]
    fn rates_can_be_scaled_and_turned_off() {
        let (double, _) = counts(200);
        let allowed = (0..10).filter(|_| double.count("feed", &Actor::Nobody, HERE).is_ok()).count();
        assert_eq!(allowed, 4);
        let (off, _) = counts(0);
        assert!((0..10).all(|_| off.count("feed", &Actor::Nobody, HERE).is_ok()));
    }
}
