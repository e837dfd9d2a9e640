//! Notifications: who receives which, the list, and the number of unread ones.

pub mod cases;
mod hidden;
mod notifications;
mod person;
mod unread;
