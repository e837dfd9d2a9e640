//! Rows of events in the tests that hold for every table and operation.

use crate::cases::{Cases, OF_CLINIC, OPEN, Rights, Table, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: &[], enums: &[] };

const TABLES: &[Table] = &[Table {
    name: "outbox_events",
    grants: "admin i, system si, tenant i",
    of_clinic: OF_CLINIC,
    tenant: None,
    admin: None,
    insert: "(clinic_id, audience, topic, subject_id, kind) values ($clinic, 'clinic', 'ticket', gen_random_uuid(), 'opened')",
}];

const RIGHTS: &[Rights] = &[rights(
    "Subscription.clinicActivity",
    "subscription ($clinic: ID!, $after: String!) { clinicActivity(clinicId: $clinic, after: $after) { cursor kind subject { id } } }",
    OPEN,
)];
