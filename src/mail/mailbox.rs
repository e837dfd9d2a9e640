//! The mailbox of development: the newest letters, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::Letter;
use crate::kernel::clock::Clock;

/// Letters that are kept; older ones are forgotten.
const MOST: usize = 200;

/// A mailbox; clones are the same.
#[derive(Debug, Clone)]
pub struct Mailbox {
    kept: Arc<Mutex<Letters>>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Letters {
    newest: u64,
    letters: VecDeque<Kept>,
}

/// A letter in the mailbox.
#[derive(Debug, Clone)]
pub struct Kept {
    /// From 1, in the order in which the letters came.
    pub number: u64,
    pub at: DateTime<Utc>,
    pub letter: Letter,
}

impl Mailbox {
    pub(super) fn new(clock: Clock) -> Self {
        Self { kept: Arc::default(), clock }
    }

    pub(super) fn keep(&self, letter: Letter) -> String {
        let mut kept = self.lock();
        kept.newest += 1;
        let number = kept.newest;
        kept.letters.push_front(Kept { number, at: self.clock.now(), letter });
        kept.letters.truncate(MOST);
        format!("kept as number {number}")
    }

    /// The letters, newest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Kept> {
        self.lock().letters.iter().cloned().collect()
    }

    /// The letter with a number.
    #[must_use]
    pub fn letter(&self, number: u64) -> Option<Kept> {
        self.lock().letters.iter().find(|kept| kept.number == number).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
