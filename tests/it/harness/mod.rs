//! What tests are written in: an app of one's own, clinics and people in it, and people's words to it.

mod app;
mod cluster;
mod ids;
mod person;
mod raw;
pub mod reader;
pub mod receiver;
mod rows;
pub mod sdl;
pub mod sql;
mod ways;

pub use app::{TestApp, names_of_events, settings};
pub use cluster::{KEYS, database, log};
pub use ids::{api_id, uuid};
pub use person::{Answer, Person};
pub use reader::code;
