//! Files: from the agreement to the download.

pub mod cases;
mod clamd;
mod content;
mod download;
mod large;
mod logo;
mod person;
mod removal;
mod s3;
mod scan;
mod sweep;
mod upload;
mod visibility;

pub use content::objects;
pub use person::{Got, Sample};
