//! The audit trail, for reading. Triggers write it in the transaction of each change; nothing here can.
//!
//! No other module uses it: its entries refer to objects of any kind by their ids.

mod event;
mod export;
mod graph;

pub use event::{ActorKind, AuditEvent, AuditVerb};
pub use export::{AuditEventExport, AuditExportMutation};
pub use graph::AuditReads;
