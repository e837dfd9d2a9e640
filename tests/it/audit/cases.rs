//! Rows of the audit trail in the tests that hold for every table and operation.

use clinigraph::audit::{ActorKind, AuditVerb};

use crate::cases::{ADMINISTERS, ALL, Budget, Cases, Enum, OF_CLINIC, Rights, Table, administrator, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[Table {
    name: "audit_events",
    grants: "admin s, system si",
    of_clinic: OF_CLINIC,
    tenant: None,
    admin: ALL,
    insert: "(actor_kind, verb, resource_type, clinic_id) values ('tenant', 'view', 'ticket', $clinic)",
}];

const RIGHTS: &[Rights] = &[rights(
    "Query.auditEvents",
    "query ($clinic: ID!) { auditEvents(filter: { clinicId: $clinic }) { totalCount nodes { id changes { field } } } }",
    ADMINISTERS,
)];

const BUDGETS: &[Budget] = &[
    administrator(
        "Query.auditEvents",
        "{ auditEvents(first: 100) { nodes { id occurredAt changes { field after } } } }",
        1,
    ),
    administrator("Query.auditEvents", "{ auditEvents { nodes { actor { displayName } clinic { name } } } }", 1),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "audit_events_actor_kind_check", values: ActorKind::TEXTS },
    Enum { constraint: "audit_events_verb_check", values: AuditVerb::TEXTS },
];
