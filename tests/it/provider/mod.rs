//! Providers, who treat patients.

mod builders;
mod providers;
