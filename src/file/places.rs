//! Places for what runs at once: so many in all, and so many for each of those who take them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

/// Places that can be taken; clones share them.
#[derive(Debug, Clone)]
pub struct Places(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    in_all: usize,
    of_each: usize,
    by: Mutex<HashMap<Uuid, usize>>,
}

/// A place, for as long as this value lives.
#[derive(Debug)]
pub struct Place {
    places: Places,
    by: Uuid,
}

impl Places {
    #[must_use]
    pub fn new(in_all: usize, of_each: usize) -> Self {
        Self(Arc::new(Taken { in_all, of_each, by: Mutex::default() }))
    }

    /// A place for somebody; none if there is none, or if they have as many as they may.
    #[must_use]
    pub fn take(&self, by: Uuid) -> Option<Place> {
        let mut taken = self.taken();
        if taken.values().sum::<usize>() >= self.0.in_all {
            return None;
        }
        let own = taken.entry(by).or_default();
        if *own >= self.0.of_each {
            return None;
        }
        *own += 1;
        Some(Place { places: self.clone(), by })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.by) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_places_in_all_and_for_each() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let places = Places::new(3, 2);
        let first = places.take(one).unwrap();
        let _second = places.take(one).unwrap();
        assert!(places.take(one).is_none());
        let _third = places.take(two).unwrap();
        assert!(places.take(two).is_none(), "all are taken");
        drop(first);
        assert!(places.take(two).is_some());
    }
}
