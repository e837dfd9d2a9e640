//! The demo: made-up data (`data.rs`), and users who open and answer a ticket every half minute, so that subscriptions have
//! something to show (`scenes.rs`). Never on a database with real people.

mod data;
mod scenes;

pub use data::{PASSWORD, load, load_files, load_webhooks};
pub use scenes::play;
