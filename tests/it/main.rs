//! Every test of the API, in one binary: it links once, and its tests share one Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod clinic_config;
mod demo;
mod fresh;
mod providers;
mod schema;
mod support;
mod tickets;
