//! How operations are admitted and run: limits of documents, errors and their paths, mutations of several fields.

mod documents;
mod error_paths;
mod mutation;
mod persisted;
