//! clinigraph: a GraphQL backend for clinics and clinic networks, on Postgres. See `docs/ARCHITECTURE.md`.

pub mod access;
pub mod app;
pub mod audit;
pub mod clinic;
pub mod config;
pub mod demo;
pub mod embedded;
pub mod entities;
pub mod export;
pub mod external;
pub mod file;
pub mod graphql;
pub mod integration;
pub mod jobs;
pub mod kernel;
pub mod live;
pub mod mail;
pub mod notification;
pub mod outbound;
pub mod pipeline;
pub mod provider;
pub mod seed;
pub mod server;
pub mod server_info;
pub mod support;
pub mod webhook;

/// The tables as diesel knows them, in a crate of their own.
pub use clinigraph_tables as schema;
