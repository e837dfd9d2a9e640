//! Notifications: messages to single users, and to contacts without an account, about something that happened. The domain that
//! causes one declares its kind ([`NoticeKind`]) and writes it in the transaction of its cause ([`notify`]), with a subject of
//! any kind; this module lists, marks and archives them.
//!
//! What leaves the application is decided and done by jobs: `plan.rs` looks at each new notification, at what its recipient
//! wants (`preferences.rs`, `contact.rs`) and at what is set up (`outside.rs`), and writes deliveries (`delivery.rs`); `send.rs`
//! composes each (`compose.rs`, `template.rs`) and hands it to its channel.

mod carrier;
mod channel;
mod compose;
mod contact;
mod delivery;
pub mod demo;
mod docs;
mod events;
mod forget;
mod graph;
mod jobs;
mod kind;
mod notices;
#[expect(clippy::module_inception, reason = "the module is named for its entity")]
mod notification;
mod notify;
mod outside;
mod plan;
mod preferences;
mod push;
mod receipt;
mod send;
mod template;
mod unsubscribe;

pub use self::{
    carrier::{Carried, Carrier},
    channel::{NotificationChannel, NotificationDeliveryReason, NotificationDeliveryStatus},
    contact::{Contact, ContactConsent, ContactConsentSource, ContactMutation, decide},
    delivery::NotificationDelivery,
    docs::docs,
    events::{NotificationEventKind, NotificationSubscription},
    graph::{NotificationMutation, NotificationReads},
    jobs::JOBS,
    kind::{NoticeKind, NotificationLanguage, Placeholder, Value, Words},
    notices::Notices,
    notification::{Notification, NotificationKind, unread},
    notify::{Notice, Recipients, Subject, notify},
    outside::{Accepted, Outside, Unsent},
    preferences::{PreferencesMutation, PreferencesQuery},
    push::{Push, PushMutation, PushQuery, PushSubscription},
    receipt::{Receipt, answer, receive},
    template::{NotificationTemplate, TemplateMutation, TemplateQuery},
    unsubscribe::routes,
};
