//! The transports in front of the whole server. What a stub pipeline can show is in `tests/transport`.

mod abuse;
mod body;
mod browser;
mod http;
#[cfg(target_os = "linux")]
mod idle;
mod limits;
mod listen;
mod pages;
mod socket;
mod socket_errors;
mod sse;
mod stock;
mod who;
