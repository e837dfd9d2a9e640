//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod app;
mod cluster;
mod person;
pub mod print_schema;
mod raw;
mod rows;
pub mod sql;

pub use app::{TestApp, TestClinic, settings};
pub use cluster::{KEYS, database, log};
pub use person::{Answer, Person};
