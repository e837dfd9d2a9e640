//! Clinics, their configuration, opening hours and closures.

mod builders;
pub mod cases;
mod closures;
mod config;

pub use builders::TestClinic;
