//! The transports by themselves, over a stub pipeline: HTTP, WebSockets and event streams without schema or database. What
//! needs the whole server is in `tests/it/transport`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod body;
mod browser;
mod fair;
mod http;
mod listen;
mod pages;
mod slow;
mod socket;
mod socket_errors;
mod socket_load;
mod sse;
mod stop;
mod who;
#[path = "../wire/mod.rs"]
mod wire;
