//! Every test of the API, in one binary: it links once, and its tests share one Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../attack/mod.rs"]
mod attack;
mod cases;
mod harness;
#[path = "../wire/mod.rs"]
mod wire;

// What one module of the program does.
mod access;
mod audit;
mod clinic;
mod demo;
mod export;
mod external;
mod file;
mod installation;
mod integration;
mod jobs;
mod kernel;
mod live;
mod notification;
mod options;
mod outbound;
mod pipeline;
mod provider;
mod server_info;
mod support;
mod transport;
mod webhook;

// What holds for every table, type and operation, and what holds for the source.
mod architecture;
mod budget;
mod catalogue;
mod fresh;
mod isolation;
mod plans;
mod schema;
mod wording;
