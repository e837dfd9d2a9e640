//! Every test of the API, in one binary: it links once, and its tests share one Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod architecture;
mod budget;
mod catalogue;
mod concurrency;
mod documents;
mod fresh;
mod idempotency;
mod isolation;
mod pages;
mod schema;
mod support;
mod tickets;
mod transport;
mod walk;
