//! Which events may be published, so that none is skipped.
//!
//! Ids are drawn in one order and committed in another. A reader that sees 6 and not 5 cannot conclude whether 5 was
//! rolled back or is still to come. Numbers of transactions do not show it either: the transaction with the lower number
//! may draw the higher id, and so be below the oldest running one while the lower id is not committed yet. Locks do show
//! it: a transaction that draws an id holds a lock on the table, from before the drawing until after its end. So a gap
//! holds back the events above it until every transaction that held that lock when the gap was seen has ended.

use std::collections::HashSet;

/// A transaction that may be about to commit events, as Postgres names it.
pub type Writer = String;

/// How far events were published, and the gaps above that.
#[derive(Debug)]
pub struct Order {
    position: i64,
    doubt: Option<Doubt>,
}

/// Gaps that may still be filled.
#[derive(Debug)]
struct Doubt {
    /// All of them are below this id.
    upto: i64,
    suspects: HashSet<Writer>,
}

impl Order {
    #[must_use]
    pub fn behind(position: i64) -> Self {
        Self { position, doubt: None }
    }

    /// Every event up to here was published, or will never exist.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Whether a gap waits for a transaction to end.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Notes which transactions write now, looked up before the next reading.
    pub fn update_writers(&mut self, writers: &HashSet<Writer>) {
        if let Some(doubt) = &mut self.doubt {
            doubt.suspects.retain(|suspect| writers.contains(suspect));
        }
    }

    /// Number of the events that were read, in the order of ids, that can be published; they then count as published.
    pub fn advance(&mut self, read: &[i64]) -> usize {
        let settled = match &self.doubt {
            Some(doubt) if doubt.suspects.is_empty() => doubt.upto,
            _ => self.position,
        };
        let mut count = 0;
        for id in read {
            if *id > settled && *id != self.position + 1 {
                break;
            }
            self.position = *id;
            count += 1;
        }
        if self.doubt.as_ref().is_some_and(|doubt| doubt.suspects.is_empty() || doubt.upto <= self.position) {
            self.doubt = None;
        }
        count
    }

    /// Notes which transactions may still fill the gaps below an id, looked up after the reading that showed the gaps.
    pub fn suspect(&mut self, upto: i64, writers: HashSet<Writer>) {
        self.doubt = Some(Doubt { upto, suspects: writers });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writers(names: &[&str]) -> HashSet<Writer> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn without_gaps_every_event_is_published() {
        let mut order = Order::behind(4);
        assert_eq!(order.advance(&[5, 6, 7]), 3);
        assert_eq!((order.position(), order.is_in_doubt()), (7, false));
    }

    #[test]
    fn events_above_a_gap_wait_for_the_writers_of_that_time_only() {
        let mut order = Order::behind(4);
        assert_eq!(order.advance(&[5, 7]), 1);
        order.suspect(7, writers(&["a", "b"]));
        order.update_writers(&writers(&["b", "c"]));
        assert_eq!(order.advance(&[7, 8]), 0, "b may still write 6");
        order.update_writers(&writers(&["c"]));
        assert_eq!(order.advance(&[7, 9]), 1, "nobody can write 6 any more");
        assert_eq!((order.position(), order.is_in_doubt()), (7, false), "8 is a gap of its own");
    }

    #[test]
    fn a_filled_gap_holds_nothing_back() {
        let mut order = Order::behind(4);
        assert_eq!(order.advance(&[6]), 0);
        order.suspect(6, writers(&["a"]));
        assert_eq!(order.advance(&[5, 6, 7]), 3, "however a ends");
        assert!(!order.is_in_doubt());
    }

    #[test]
    fn a_transaction_that_ended_before_the_look_up_is_read_once_more() {
        let mut order = Order::behind(4);
        assert_eq!(order.advance(&[6]), 0);
        order.suspect(6, writers(&[]));
        assert_eq!(order.advance(&[5, 6]), 2);
    }
}
