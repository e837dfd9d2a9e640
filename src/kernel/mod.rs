//! What every module is built on. Nothing here knows a domain.

pub mod actor;
pub mod clock;
pub mod db;
pub mod demo;
pub mod entity;
pub mod enums;
pub mod error;
pub mod events;
pub mod hex;
pub mod html;
pub mod idempotency;
pub mod ids;
pub mod links;
pub mod loader;
pub mod money;
pub mod page;
pub mod rate;
pub mod refusals;
pub mod request;
pub mod sealed;
pub mod secrets;
pub mod services;
pub mod text;
pub mod wall_clock;
pub mod write;

pub use actor::{Actor, Permission};
pub use error::{Code, Error, Result};
pub use ids::Id;
pub use request::RequestOf;
