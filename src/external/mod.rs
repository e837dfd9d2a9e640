//! Identifiers that objects have in other systems, such as the number of a provider in the record system of a clinic.
//!
//! An entity shows its own with one line among its edges:
//! `external_ids: all ExternalReference by subject_id order "system, value, id"`. Imports and integrations write them with
//! [`link`] and find objects with [`find`]; people do it with the mutations in `graph.rs`.

pub mod demo;
mod graph;
mod link;
mod reference;

pub use graph::{ExternalMutation, ExternalQuery};
pub use link::{Linked, find, link};
pub use reference::ExternalReference;
