//! The audit trail, as administrators read it. Triggers write it; nothing here can.

mod event;

pub use event::{ActorKind, AuditEvent, AuditReads, AuditVerb};
