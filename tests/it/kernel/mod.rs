//! What the kernel does for every domain: scopes, pages, writing, idempotency, prepared statements, and the way to Postgres.

pub mod cases;
mod concurrency;
mod encryption;
mod idempotency;
mod pages;
mod prepared;
mod reading;
mod sweep;
mod write;
