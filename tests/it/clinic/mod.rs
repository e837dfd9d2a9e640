//! Clinics, their configuration, opening hours and closures.

mod builders;
mod closures;
mod config;

pub use builders::TestClinic;
