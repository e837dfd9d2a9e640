//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod app;
mod cluster;
mod person;
mod raw;
mod sql;

pub use app::{TestApp, TestClinic};
pub use cluster::superuser_url;
pub use person::{Answer, Person};
