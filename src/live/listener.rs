//! How resolvers of subscriptions see a listener's way through the events.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;

use super::hub::{Shared, Wanted};
use crate::kernel::{Error, Result};

/// What a subscription's resolver is called for: at its beginning, to say what is wanted; then once for each event.
pub enum Live {
    Begins(Mutex<Option<Wanted>>),
    Delivers(Arc<Shared>),
}

impl Live {
    #[must_use]
    pub fn begins() -> Arc<Self> {
        Arc::new(Self::Begins(Mutex::default()))
    }

    /// What the resolver asked for.
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        match self {
            Self::Begins(wanted) => wanted.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Self::Delivers(_) => None,
        }
    }

    /// Says what is wanted, or takes the event to deliver.
    pub fn event(ctx: &Context<'_>, wanted: Wanted) -> Result<Option<Arc<Shared>>> {
        let live = ctx.data_opt::<Arc<Self>>().ok_or_else(|| Error::internal("not a subscription"))?;
        match live.as_ref() {
            Self::Begins(place) => {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
                Ok(None)
            }
            Self::Delivers(event) => Ok(Some(Arc::clone(event))),
        }
    }
}
