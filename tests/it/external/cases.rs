//! Rows of external references in the tests that hold for every table and operation.

use crate::cases::{
    ALL, Budget, Cases, Filling, OF_CLINIC, OPEN, Rights, Table, WRITES, administrator, manager, rights,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: &[] };

const TABLES: &[Table] = &[Table {
    name: "external_references",
    grants: "admin s(i)d, auditor s, partner s, patient s, system siud, tenant s(i)d",
    of_clinic: OF_CLINIC,
    tenant: Some(OF_CLINIC),
    admin: ALL,
    insert: "(id, clinic_id, system, value, subject_type, subject_id) values (gen_random_uuid(), $clinic, 'new', 'New', 'clinic', $clinic)",
}];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.byExternalId",
        "query ($clinic: ID!) { byExternalId(system: \"oscar\", value: \"42\", clinicId: $clinic) { id ... on Provider { bio externalIds { value } } } }",
        OPEN,
    ),
    rights(
        "Mutation.addExternalReference",
        "mutation ($provider: ID!) { addExternalReference(input: { subjectId: $provider, system: \"oscar\", value: \"x\" }) { externalReference { id subject { id } } } }",
        WRITES,
    ),
    rights(
        "Mutation.removeExternalReference",
        "mutation ($external_reference: ID!) { removeExternalReference(input: { externalReferenceId: $external_reference }) { removedExternalReferenceId } }",
        WRITES,
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.byExternalId", "{ byExternalId(system: \"oscar\", value: \"1001\") { id } }", 2),
    administrator(
        "Query.byExternalId",
        "query ($clinic: ID!) { byExternalId(system: \"oscar\", value: \"1001\", clinicId: $clinic) { ... on Provider { firstName externalIds { system value } } } }",
        3,
    ),
    manager(
        "Mutation.addExternalReference",
        "mutation ($provider: ID!) { addExternalReference(input: { subjectId: $provider, system: \"oscar\", value: \"x\" }) { externalReference { value } } }",
        3,
    ),
    manager(
        "Mutation.removeExternalReference",
        "mutation ($external_reference: ID!) { removeExternalReference(input: { externalReferenceId: $external_reference }) { removedExternalReferenceId } }",
        2,
    ),
];

/// The number of the provider in another system, one of the ticket, and one of the clinic.
pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into external_references (id, clinic_id, system, value, subject_type, subject_id)
             select gen_random_uuid(), $clinic, 'oscar', '42', 'provider', id from providers where clinic_id = $clinic limit 1
             on conflict do nothing;
             insert into external_references (id, clinic_id, system, value, subject_type, subject_id)
             select gen_random_uuid(), $clinic, 'desk', $secret, 'ticket', id from support_tickets where clinic_id = $clinic limit 1
             on conflict do nothing;
             insert into external_references (id, clinic_id, system, value, subject_type, subject_id)
             values (gen_random_uuid(), $clinic, 'registry', $secret, 'clinic', $clinic)",
        )
        .await;
}
