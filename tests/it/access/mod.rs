//! Signing in, sessions, and what a user may do.

mod attempts;
mod builders;
pub mod cases;
mod contacts;
mod on_behalf;
mod sign_in;
mod users;
