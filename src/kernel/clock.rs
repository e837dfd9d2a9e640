//! The time, passed in, so that a test can turn it. The one place that asks the machine.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock; clones tell the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it was turned, in microseconds; always 0 outside tests.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed))
    }

    /// Turns the clock, for tests of what happens later.
    pub fn turn(&self, by: TimeDelta) {
        self.ahead.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }
}
