//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod access;
mod app;
mod clinic;
mod cluster;
pub mod error_docs;
mod person;
pub mod print_comments;
pub mod print_schema;
mod provider;
mod raw;
pub mod reader;
mod rows;
pub mod sql;
mod ways;

pub use app::{TestApp, names_of_events, settings};
pub use clinic::TestClinic;
pub use cluster::{KEYS, database, log};
pub use person::{Answer, Person};
