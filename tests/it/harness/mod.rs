//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod app;
mod cluster;
mod person;
mod raw;
pub mod reader;
mod rows;
pub mod sql;
mod ways;

pub use app::{TestApp, names_of_events, settings};
pub use cluster::{KEYS, database, log};
pub use person::{Answer, Person};
