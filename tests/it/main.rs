//! Every test of the API, in one binary: it links once, and its tests share one Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod architecture;
mod audit;
mod budget;
mod catalogue;
mod clinic_closures;
mod clinic_config;
mod concurrency;
mod cost;
mod demo;
mod documents;
mod error_paths;
mod fairness;
mod fresh;
mod idempotency;
mod isolation;
mod live;
mod mutation;
mod options;
mod pages;
mod persisted;
mod plans;
mod prepared;
mod providers;
mod rates;
mod schema;
mod server_info;
mod support;
mod tickets;
mod transport;
mod walk;
#[path = "../wire/mod.rs"]
mod wire;
mod wording;
mod write;
