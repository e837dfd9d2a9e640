//! Live: what happened, told to whoever listens, in order, without a gap and without a repeat.
//!
//! The table `outbox_events` is the truth. One relay a process (`relay.rs`) reads it and keeps the newest events in
//! memory (`hub.rs`); each listener (`listener.rs`) reads on from its own place, out of memory or, when it resumes from
//! further back, out of the table. What a listener gets is read again under its own scope when it is delivered, so a
//! right lost a second ago is lost here too.

mod graph;
mod hub;
mod listener;
mod relay;

pub use graph::Subscription;
pub use hub::{Audience, Happened, Hub, Listening, Shared, Standing, Wanted};
pub use listener::{Live, cursor_of};
pub use relay::relay;
