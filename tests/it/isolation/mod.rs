//! A clinic's rows stay in the clinic: by SQL, whatever a resolver might forget, and by the API, whatever is asked.
//!
//! Tables, foreign keys, entities, edges and root fields come from the catalogue, the declarations and the schema; what
//! is to be known beside them is in `cases.rs` of each module. Whatever is new and has no case fails here.

mod edges;
mod foreign_keys;
mod rights;
mod selection;
mod sql;
mod statements;
mod subscriptions;
mod world;
