//! Access to Postgres: pools for each class of actor (`pool.rs`), scopes, through which all tables are reached (`scope.rs`),
//! statements that stay prepared (`prepared.rs`), migrations and roles (`migrate.rs`), and the gate that a server must pass to
//! start (`gate.rs`).

mod gate;
mod migrate;
pub mod partitions;
mod pool;
mod prepared;
mod scope;

pub use gate::{Finding, inspect};
pub use migrate::{Preparation, prepare, redo, revert_all};
pub use pool::{Class, Config, Connection, Pools, connect};
pub use prepared::{Prepared, prepared};
pub use scope::{Access, Behalf, Database, Note, PgRow, Scope, Tx, class_of};
