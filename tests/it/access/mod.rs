//! Signing in, sessions, and what a user may do.

mod attempts;
mod builders;
mod on_behalf;
mod sign_in;
