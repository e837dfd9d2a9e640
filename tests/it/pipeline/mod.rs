//! How operations are admitted and run: limits of documents, cost and rates, connections that are shared, errors and their
//! paths, mutations of several fields.

mod cost;
mod documents;
mod error_paths;
mod fairness;
mod mutation;
mod persisted;
mod rates;
