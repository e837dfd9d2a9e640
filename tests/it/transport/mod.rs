//! The transports: HTTP, sockets and event streams to the letter, and what keeps them standing. Most tests ask the
//! whole server; what only a pipeline on a leash can show (panics, streams, an answer that waits) asks a [`stub`].

mod abuse;
mod body;
mod browser;
mod client;
mod http;
#[cfg(target_os = "linux")]
mod idle;
mod limits;
mod listen;
mod pages;
mod slow;
mod socket;
mod socket_errors;
mod socket_load;
mod sse;
mod stock;
mod stop;
mod stub;
mod who;
mod ws;
