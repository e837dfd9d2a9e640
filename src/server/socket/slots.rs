//! How many sockets and event streams each user has open.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Whose sockets and streams are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::server) enum Owner {
    /// A user, by the key that the pipeline gives.
    User(Arc<str>),
    /// The event streams of a session, by its token: the transport does not know the user.
    Streams(Arc<str>),
    /// Anonymous callers, by their address.
    Anonymous(IpAddr),
}

impl Owner {
    /// A whole /64 of IPv6 counts as one address: each customer of a provider has one to choose from.
    pub(in crate::server) fn anonymous(address: IpAddr) -> Self {
        Self::Anonymous(match address {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// The open sockets and event streams, counted by owner.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Slots(Arc<Mutex<HashMap<Owner, usize>>>);

/// One open socket or stream; dropping it ends the count.
#[derive(Debug)]
pub(in crate::server) struct Slot {
    slots: Slots,
    owner: Owner,
}

impl Slots {
    /// Takes a slot; `None` if the owner has `limit` of them already.
    pub(in crate::server) fn take(&self, owner: Owner, limit: usize) -> Option<Slot> {
        let mut taken = self.taken();
        let count = taken.get(&owner).copied().unwrap_or_default();
        if count >= limit {
            return None;
        }
        taken.insert(owner.clone(), count + 1);
        drop(taken);
        Some(Slot { slots: self.clone(), owner })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Owner, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}
