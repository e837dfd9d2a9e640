//! Providers, who treat patients.

mod builders;
pub mod cases;
mod providers;
