//! Notifications: what somebody is told of. They are made in the transaction of their cause, by whoever causes it
//! ([`notify`]); this room reads them back and puts them away.

mod graph;
#[expect(clippy::module_inception, reason = "the room is named for its entity")]
mod notification;
mod notify;

pub use graph::{NotificationMutation, NotificationReads};
pub use notification::{Notification, NotificationKind, unread};
pub use notify::{Notice, Recipients, notify};
