//! How tests reach a server over the wire, and a stub pipeline for what the real one does only by accident. Shared by the
//! test binaries, each of which uses a part of it.
#![allow(dead_code)]

pub mod client;
pub mod stub;
pub mod ws;
