//! Access to Postgres: connection strings and TLS (`address.rs`, `tls.rs`), pools for each class of actor (`pool.rs`), scopes,
//! through which all tables are reached (`scope.rs`), statements that stay prepared (`prepared.rs`), migrations and roles
//! (`migrate.rs`), the gate that a server must pass to start (`gate.rs`), the mark of a database with made-up people
//! (`installation.rs`), and jobs that make partitions and remove what has expired (`partitions.rs`, `sweep.rs`).

mod address;
mod gate;
pub mod installation;
mod migrate;
pub mod partitions;
mod pool;
mod prepared;
mod scope;
pub mod sweep;
mod tls;

pub use address::Address;
pub use gate::{Finding, inspect};
pub use migrate::{Preparation, SERVER_LOGIN, password, prepare, redo, revert_all};
pub use pool::{Class, Config, Connection, Pools, connect};
pub use prepared::{Prepared, prepared};
pub use scope::{Access, Behalf, Database, Note, PgRow, Scope, Tx, class_of};
