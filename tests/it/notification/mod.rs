//! Notifications: who receives which, the list, the number of unread ones, and what is sent outside the application.

mod builders;
pub mod cases;
mod contacts;
mod email;
mod hidden;
mod kinds;
mod notifications;
mod person;
mod push;
mod sms;
mod smtp;
mod templates;
mod unread;

pub use builders::PLAIN;
