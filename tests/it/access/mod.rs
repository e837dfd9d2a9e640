//! Signing in, sessions, and what a user may do.

mod attempts;
mod builders;
mod contacts;
mod on_behalf;
mod sign_in;
