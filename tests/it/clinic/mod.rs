//! Clinics, their configuration, opening hours and closures.

mod builders;
pub mod cases;
mod closures;
mod config;
mod person;

pub use builders::TestClinic;
