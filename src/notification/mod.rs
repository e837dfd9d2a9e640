//! Notifications: messages to single users about something that happened. The domain that causes one writes it in the
//! transaction of its cause ([`notify`]), with a subject of any kind; this module lists, marks and archives them.

mod events;
mod graph;
#[expect(clippy::module_inception, reason = "the module is named for its entity")]
mod notification;
mod notify;

pub use events::{NotificationEventKind, NotificationSubscription};
pub use graph::{NotificationMutation, NotificationReads};
pub use notification::{Notification, NotificationKind, unread};
pub use notify::{Notice, Recipients, Subject, notify};
