//! Queries of the audit trail.

use super::AuditEvent;
use crate::queries;

queries! {
    /// Queries of the audit trail.
    AuditReads;
    list {
        /// Entries of the audit trail. Null, with an error, without the permission `AUDIT_READ`.
        audit_events: AuditEvent,
    }
}
