//! What the demo data of every domain is made with: a fixed time, and numbers and ids that are the same in every database.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Id,
    write::{Draft, Stored},
};

/// Drafts the rows of the demo.
#[derive(Debug)]
pub struct Demo {
    now: DateTime<Utc>,
    state: u64,
}

impl Demo {
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now, state: 7 }
    }

    /// The time at which the demo begins.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The next number, from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) % end.max(1) as u64) as usize
    }

    /// One of several values.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len());
        from.get(at).copied()
    }

    /// An id that sorts by its time, as those of the server do.
    pub fn id<E>(&mut self, at: DateTime<Utc>) -> Id<E> {
        let bytes = std::array::from_fn(|_| self.below(256) as u8);
        let millis = at.timestamp_millis().unsigned_abs();
        Id::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// Drafts a row of a clinic that is as old as the clinic.
    pub fn new_in<E: Stored, C>(&mut self, clinic: Id<C>) -> Draft<'static, E> {
        self.founding(E::new_in(clinic))
    }

    /// Drafts a row of the platform that is as old as the clinics.
    pub fn new_row<E: Stored>(&mut self) -> Draft<'static, E> {
        self.founding(E::new_row())
    }

    fn founding<E: Stored>(&mut self, draft: Draft<'static, E>) -> Draft<'static, E> {
        let founded = self.now - TimeDelta::days(400);
        draft.with_id(self.id(founded)).dated(founded)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn numbers_and_ids_are_the_same_each_time() {
        let draw = || {
            let mut demo = Demo::new(DateTime::UNIX_EPOCH);
            let id: Id<()> = demo.id(DateTime::UNIX_EPOCH + TimeDelta::days(1));
            (demo.below(1000), demo.pick(&["a", "b", "c"]), Uuid::from(id))
        };

        assert_eq!(draw(), draw());
        let mut demo = Demo::new(DateTime::UNIX_EPOCH);
        let days = [1, 2, 3].map(|day| demo.id::<()>(DateTime::UNIX_EPOCH + TimeDelta::days(day)).uuid());
        assert!(days.is_sorted());
        assert_eq!(demo.pick::<u8>(&[]), None);
    }
}
