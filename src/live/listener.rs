//! A listener's way through the events, and how resolvers of subscriptions see it.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::hub::{Happened, Wanted};
use crate::kernel::{Code, Error, Result};

/// What a subscription's resolver is called for: at its beginning, to say what is wanted; then once for each event.
pub enum Live {
    Begins(Mutex<Option<Wanted>>),
    Delivers(Happened),
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
    pub fn event(ctx: &Context<'_>, wanted: Wanted) -> Result<Option<Happened>> {
        let live = ctx.data_opt::<Arc<Self>>().ok_or_else(|| Error::internal("not a subscription"))?;
        match live.as_ref() {
            Self::Begins(place) => {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
                Ok(None)
            }
            Self::Delivers(event) => Ok(Some(event.clone())),
        }
    }
}

const TAG: &[u8; 2] = b"ev";

/// The cursor of an event: a listener that gives it resumes right behind it.
#[must_use]
pub fn cursor_of(id: i64) -> String {
    URL_SAFE_NO_PAD.encode([TAG.as_slice(), &id.to_be_bytes()].concat())
}

/// The event of a cursor.
pub fn read_cursor(cursor: &str) -> Result<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let id = bytes.strip_prefix(TAG).and_then(|id| id.try_into().ok()).map(i64::from_be_bytes);
    id.filter(|id| *id >= 0).ok_or_else(|| Error::new(Code::InvalidCursor, "after: this is not the cursor of an event"))
}
