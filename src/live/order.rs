//! Which events may be handed on, so that none is passed by.
//!
//! Ids are drawn in order and committed in any. A reader that sees 6 and not 5 cannot tell by that whether 5 was
//! given up or is still to come. Comparing numbers of transactions does not tell either: the transaction with the lower
//! number may draw the higher id, and so be below the oldest running one while the lower id is not committed yet. What
//! tells for certain is the lock: whoever draws an id holds one on the table, from before the drawing until after the
//! end. So a gap holds back what is above it until everybody who held that lock when the gap was seen has ended.

use std::collections::HashSet;

/// Somebody who may be about to commit events, as Postgres names transactions.
pub type Writer = String;

/// How far events were handed on, and what stands in doubt above that.
#[derive(Debug)]
pub struct Order {
    place: i64,
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
    pub fn behind(place: i64) -> Self {
        Self { place, doubt: None }
    }

    /// Everything up to here was handed on, or will never be.
    #[must_use]
    pub fn place(&self) -> i64 {
        self.place
    }

    /// Whether a gap waits for somebody to end.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Who writes now, as looked at before the next reading.
    pub fn look(&mut self, writers: &HashSet<Writer>) {
        if let Some(doubt) = &mut self.doubt {
            doubt.suspects.retain(|suspect| writers.contains(suspect));
        }
    }

    /// How many of the events that were read, in the order of ids, can be handed on; they count as handed on then.
    pub fn pass(&mut self, read: &[i64]) -> usize {
        let settled = match &self.doubt {
            Some(doubt) if doubt.suspects.is_empty() => doubt.upto,
            _ => self.place,
        };
        let mut passed = 0;
        for id in read {
            if *id > settled && *id != self.place + 1 {
                break;
            }
            self.place = *id;
            passed += 1;
        }
        if self.doubt.as_ref().is_some_and(|doubt| doubt.suspects.is_empty() || doubt.upto <= self.place) {
            self.doubt = None;
        }
        passed
    }

    /// Who may still fill the gaps below an id, looked at after the reading that has shown them.
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
    fn without_gaps_everything_passes() {
        let mut order = Order::behind(4);
        assert_eq!(order.pass(&[5, 6, 7]), 3);
        assert_eq!((order.place(), order.is_in_doubt()), (7, false));
    }

    #[test]
    fn what_is_above_a_gap_waits_for_those_who_wrote_then_and_for_nobody_else() {
        let mut order = Order::behind(4);
        assert_eq!(order.pass(&[5, 7]), 1);
        order.suspect(7, writers(&["a", "b"]));
        order.look(&writers(&["b", "c"]));
        assert_eq!(order.pass(&[7, 8]), 0, "b may still write 6");
        order.look(&writers(&["c"]));
        assert_eq!(order.pass(&[7, 9]), 1, "nobody can write 6 any more");
        assert_eq!((order.place(), order.is_in_doubt()), (7, false), "8 is a gap of its own");
    }

    #[test]
    fn a_gap_that_is_filled_is_no_gap() {
        let mut order = Order::behind(4);
        assert_eq!(order.pass(&[6]), 0);
        order.suspect(6, writers(&["a"]));
        assert_eq!(order.pass(&[5, 6, 7]), 3, "whatever a does now");
        assert!(!order.is_in_doubt());
    }

    #[test]
    fn whoever_ended_between_reading_and_looking_is_read_once_more() {
        let mut order = Order::behind(4);
        assert_eq!(order.pass(&[6]), 0);
        order.suspect(6, writers(&[]));
        assert_eq!(order.pass(&[5, 6]), 2);
    }
}
