//! Signing in, sessions, and what a user may do.

mod builders;
mod sign_in;
