//! For those who want to look around: made-up data (`data.rs`), and a small cast that opens and answers a ticket every
//! half minute, so that whoever subscribes sees something happen (`cast.rs`). Never on a database with real people.

mod cast;
mod data;

pub use cast::play;
pub use data::{PASSWORD, load};
