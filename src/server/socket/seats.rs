//! How many sockets and event streams each user has open.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Whose sockets are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::server) enum Holder {
    /// A user, by the pipeline's key.
    User(Arc<str>),
    /// The event streams of a session, by its token: the transport does not learn whose it is.
    Streams(Arc<str>),
    /// Strangers, by their address.
    Stranger(IpAddr),
}

impl Holder {
    /// One subscriber has a whole /64 of IPv6 to choose addresses from, so that much counts as one.
    pub(in crate::server) fn stranger(address: IpAddr) -> Self {
        Self::Stranger(match address {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// What is open, counted.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Seats(Arc<Mutex<HashMap<Holder, usize>>>);

/// One of them in the count, until it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Seat {
    seats: Seats,
    holder: Holder,
}

impl Seats {
    /// `None` if the holder has `limit` of them already.
    pub(in crate::server) fn take(&self, holder: Holder, limit: usize) -> Option<Seat> {
        let mut taken = self.taken();
        let count = taken.get(&holder).copied().unwrap_or_default();
        if count >= limit {
            return None;
        }
        taken.insert(holder.clone(), count + 1);
        drop(taken);
        Some(Seat { seats: self.clone(), holder })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}
