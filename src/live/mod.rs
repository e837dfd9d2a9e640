//! Live: what happened, told to whoever listens, in order, without a gap and without a repeat.
//!
//! The table `outbox_events` is the truth. One relay a process (`relay.rs`) reads it in an order that passes nothing by
//! (`order.rs`) and keeps the newest events in memory (`hub.rs`). A listener reads on from its own place: out of the
//! channel it sits in or, when it resumes from further back, out of memory or the table. What it gets is read again under
//! its own scope when it is delivered, and whether it may still listen is looked at before (`session_state.rs`), so a right
//! lost a moment ago is lost here too. Clients see events under names that tell nothing of their number (`names.rs`).

mod graph;
mod hub;
mod listener;
mod names;
mod order;
mod relay;
mod session_state;

pub use graph::Subscription;
pub use hub::{Audience, Behind, FRESH, Happened, Hub, Seat, Shared, Wanted};
pub use listener::Live;
pub use names::Names;
pub use relay::{CHANNEL, LISTENERS, relay};
pub use session_state::{Listening, SessionState};
