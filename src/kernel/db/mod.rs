//! Access to Postgres: connection strings and TLS (`address.rs`, `tls.rs`), pools for each class of actor (`pool.rs`), their
//! logins (`logins.rs`) and who uses a connection next (`turns.rs`), scopes, through which all tables are reached
//! (`scope.rs`), statements that stay prepared (`prepared.rs`), migrations and roles (`migrate.rs`), the fingerprint of all
//! rights (`fingerprint.rs`), the gate that a server must pass to start (`gate.rs`), the mark of a database with made-up
//! people (`installation.rs`), partitions (`maintenance.rs`, `partitions.rs`), and the removal of what has expired (`sweep.rs`).

mod address;
mod fingerprint;
mod gate;
pub mod installation;
mod logins;
mod maintenance;
mod migrate;
pub mod partitions;
mod pool;
mod prepared;
mod scope;
pub mod sweep;
mod tls;
mod turns;

pub use address::Address;
pub use fingerprint::lines as fingerprint;
pub use gate::{Finding, inspect};
pub use logins::Logins;
pub use maintenance::maintain;
pub use migrate::{Preparation, logins, prepare, redo, revert_all};
pub use pool::{Class, Config, Connection, Pools, connect};
pub use prepared::{Prepared, prepared};
pub use scope::{Access, Behalf, Database, Note, PgRow, Scope, Tx};
pub use turns::{Claim, Party, Shares, Terms};
