//! Notifications: who receives which, the list, and the number of unread ones.

mod hidden;
mod notifications;
mod unread;
