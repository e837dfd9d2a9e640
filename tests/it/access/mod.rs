//! Signing in, sessions, and what a user may do.

mod builders;
pub mod cases;
mod sign_in;
mod users;
