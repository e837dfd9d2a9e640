//! What a domain's subscription is written with. A resolver is run once at the beginning, to learn which events are
//! wanted, and then once for each event, to make its payload.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::Context;
use futures_util::stream;

use super::{
    hub::{Shared, Wanted},
    payload::{EventBase, Payload},
};
use crate::{
    clinic::Clinic,
    kernel::{
        Error, Id, RequestOf, Result,
        entity::{Entity, Maybe},
        events::EventKind,
    },
};

/// What a subscription's resolver is run for.
pub enum Live {
    /// To learn which events are wanted.
    Begins(Mutex<Option<Wanted>>),
    /// To make the payload of an event.
    Delivers(Arc<Shared>),
}

impl Live {
    #[must_use]
    pub fn begins() -> Arc<Self> {
        Arc::new(Self::Begins(Mutex::default()))
    }

    /// The events that the resolver wants, after it was run at the beginning.
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        match self {
            Self::Begins(wanted) => wanted.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Self::Delivers(_) => None,
        }
    }

    /// Notes which events are wanted, or returns the event to deliver.
    pub(super) fn event(ctx: &Context<'_>, wanted: Wanted) -> Result<Option<Arc<Shared>>> {
        let live = ctx.data_opt::<Arc<Self>>().ok_or_else(|| Error::internal("not a subscription"))?;
        match live.as_ref() {
            Self::Begins(noted) => {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
                Ok(None)
            }
            Self::Delivers(event) => Ok(Some(Arc::clone(event))),
        }
    }
}

/// What a subscription's resolver returns.
pub type Events<T> = stream::Iter<std::option::IntoIter<Payload<T>>>;

/// One payload for an event, none at the beginning.
pub fn stream<T>(payload: Option<T>) -> Events<T> {
    stream::iter(payload.map(Payload))
}

/// An event of a topic whose kinds are `K`.
pub struct Occurrence<K: EventKind> {
    pub base: EventBase,
    pub kind: K,
    pub subject_id: Id<K::Subject>,
}

impl<K: EventKind> Occurrence<K> {
    /// The subject, read with the rights that the listener has now.
    #[must_use]
    pub fn subject(&self) -> Maybe<K::Subject> {
        Maybe::of(Some(self.subject_id))
    }
}

/// A subscription to a topic. To subscribe takes the permission to read the topic's subjects.
pub struct Subscribe<K> {
    wanted: Wanted,
    kinds: PhantomData<K>,
}

impl<K: EventKind> Subscribe<K> {
    /// All events of the topic from now on, or behind the event with this cursor.
    #[must_use]
    pub fn after(after: Option<String>) -> Self {
        Self { wanted: Wanted::topics(vec![K::TOPIC], after), kinds: PhantomData }
    }

    /// Events of this clinic only.
    #[must_use]
    pub fn clinic(mut self, clinic: Option<Id<Clinic>>) -> Self {
        self.wanted.clinic = clinic.map(Id::uuid);
        self
    }

    /// Events of this subject only.
    #[must_use]
    pub fn subject(mut self, subject: Option<Id<K::Subject>>) -> Self {
        self.wanted.subject_or_parent = subject.map(Id::uuid);
        self
    }

    /// Events of what is part of this object only.
    #[must_use]
    pub fn within<E: Entity>(mut self, parent: Id<E>) -> Self {
        self.wanted.subject_or_parent = Some(parent.uuid());
        self
    }

    /// Events of these kinds only.
    #[must_use]
    pub fn kinds(mut self, kinds: Option<Vec<K>>) -> Self {
        self.wanted.kinds = kinds.map(|kinds| kinds.into_iter().map(K::text).collect());
        self
    }

    /// The event to deliver; none at the beginning. A kind that is not declared is an error, so that nobody misses an
    /// event without a sign of it.
    pub fn event(self, ctx: &Context<'_>) -> Result<Option<Occurrence<K>>> {
        K::TOPIC.require_reader(ctx.actor()?)?;
        let Some(shared) = Live::event(ctx, self.wanted)? else { return Ok(None) };
        let kind = K::of_text(&shared.event.kind).ok_or_else(|| shared.event.undeclared())?;
        let subject_id = Id::from_uuid(shared.event.subject_id);
        Ok(Some(Occurrence { base: EventBase::of(&shared), kind, subject_id }))
    }

    /// The payload of each event.
    pub fn each<T>(self, ctx: &Context<'_>, payload: impl FnOnce(Occurrence<K>) -> T) -> Result<Events<T>> {
        Ok(stream(self.event(ctx)?.map(payload)))
    }
}
