//! The way to Postgres: pools per class of actor (`pool.rs`), the scope that is the only door to a table (`scope.rs`),
//! statements that stay prepared (`kept.rs`), migrations and roles (`migrate.rs`), and the gate that a server must pass to
//! start (`gate.rs`).

mod gate;
mod kept;
mod migrate;
pub mod partitions;
mod pool;
mod scope;

pub use gate::{Finding, inspect};
pub use kept::{Kept, kept};
pub use migrate::{Prepared, prepare, redo, revert_all};
pub use pool::{Class, Config, Connection, Pools, connect};
pub use scope::{Access, Door, Note, PgRow, Scope, Tx};
