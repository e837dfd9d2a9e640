//! Every test of the API, in one binary: it links once, and its tests share one Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod documents;
mod fresh;
mod idempotency;
mod pages;
mod schema;
mod support;
mod tickets;
mod walk;
