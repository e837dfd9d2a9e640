//! What the kernel does for every domain: scopes, pages, writing, idempotency, prepared statements.

pub mod cases;
mod concurrency;
mod idempotency;
mod pages;
mod prepared;
mod reading;
mod write;
