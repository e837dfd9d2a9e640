//! Live: events are delivered to those who listen, in order, without a gap and without a repeat.
//!
//! The table `outbox_events` is the truth. One relay per process (`relay.rs`) reads it in an order that skips nothing
//! (`order.rs`) and stores the newest events in memory (`hub.rs`). A listener reads on from its own position: out of its
//! channel or, when it resumes from further back, out of memory or the table. The object of an event is read again in the
//! listener's own scope when the event is delivered, and whether the session may still listen is checked before
//! (`session_state.rs`), so a right that was lost a moment ago is lost here too. Clients see events under names that
//! reveal nothing of their number (`names.rs`).
//!
//! Domain modules declare their topics (`kernel/events.rs`) and their subscriptions (`subscribe.rs`, `payload.rs`); no
//! topic is named here.

mod activity;
mod hub;
mod names;
mod order;
mod payload;
mod relay;
mod session_state;
mod subscribe;

pub use activity::{ActivitySubscription, ClinicActivityEvent};
pub use hub::{Audience, Backlog, ChannelReader, FRESH, Hub, OutboxEvent, Shared, Wanted};
pub use names::Names;
pub use payload::{EventBase, EventInterface, Payload};
pub use relay::{CHANNEL, LISTENERS, relay};
pub use session_state::{Listening, SessionState};
pub use subscribe::{Events, Live, Occurrence, Subscribe, stream};
