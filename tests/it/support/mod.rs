//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod app;
mod cluster;
mod person;

pub use app::{TestApp, TestClinic, settings};
pub use cluster::superuser_url;
pub use person::{Answer, Person};
