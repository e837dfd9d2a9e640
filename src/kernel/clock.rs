//! The clock, which is passed in so that tests can move it. The one place that reads the system time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock; clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it was moved, in microseconds; always 0 outside tests.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system time")]
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed))
    }

    /// Moves the clock forward, for tests.
    pub fn turn(&self, by: TimeDelta) {
        self.ahead.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }
}
