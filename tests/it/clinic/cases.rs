//! Rows of clinics in the tests that hold for every table and operation.

use clinigraph::clinic::ClinicStatus;

use crate::cases::{
    ALL, Budget, Cases, Enum, Filling, OF_CLINIC, OPEN, READS, Rights, Table, WRITES, administrator, manager, rights,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "clinic_closures",
        grants: "admin s(i)(u)d, auditor s, partner s, patient s, system siud, tenant s(i)(u)d",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, date) values (gen_random_uuid(), $clinic, '2027-12-24')",
    },
    Table {
        name: "clinic_configs",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        // Each clinic has one from the start.
        insert: "(id, clinic_id) values (gen_random_uuid(), $clinic)
                 on conflict (clinic_id) do update set version = clinic_configs.version",
    },
    Table {
        name: "clinic_hours",
        grants: "admin s, auditor s, partner s, patient s, system siud, tenant s",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, day_of_week, is_closed) values (gen_random_uuid(), $clinic, 0, true)",
    },
    Table {
        name: "clinic_networks",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s",
        of_clinic: "id = (select network_id from clinics where id = $clinic)",
        tenant: Some("id = (select network_id from clinics where id = $clinic)"),
        admin: ALL,
        insert: "(id, name, slug) values (gen_random_uuid(), 'New', 'new')",
    },
    Table {
        name: "clinics",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(u)",
        of_clinic: "id = $clinic",
        tenant: Some("id = $clinic"),
        admin: ALL,
        insert: "(id, name, slug, timezone, currency) values (gen_random_uuid(), 'New', 'new', 'UTC', 'CAD')",
    },
];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.clinic",
        "query ($clinic: ID!) { clinic(id: $clinic) { id name description network { id } tickets { totalCount nodes { id } } } }",
        READS,
    ),
    rights("Query.clinic", "query ($slug: String!) { clinic(slug: $slug) { id name description } }", OPEN),
    rights(
        "Query.clinics",
        "query ($network: ID!) { all: clinics { totalCount nodes { id } } clinics(filter: { networkId: $network }) { totalCount edges { cursor node { id description } } pageInfo { startCursor endCursor } } }",
        OPEN,
    ),
    rights(
        "Mutation.updateClinicConfig",
        "mutation ($clinic: ID!) { updateClinicConfig(input: { clinicId: $clinic, booking: { bufferMinutes: 10 } }) { clinicConfig { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.updateClinicLogo",
        "mutation ($clinic: ID!, $file: ID!) { updateClinicLogo(input: { clinicId: $clinic, fileId: $file }) { clinic { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.removeClinicLogo",
        "mutation ($clinic: ID!) { removeClinicLogo(input: { clinicId: $clinic }) { clinic { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.addClinicClosure",
        "mutation ($clinic: ID!) { addClinicClosure(input: { clinicId: $clinic, date: \"2026-09-07\" }) { clinicClosure { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.changeClinicClosure",
        "mutation ($clinic_closure: ID!) { changeClinicClosure(input: { clinicClosureId: $clinic_closure, name: \"x\" }) { clinicClosure { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.removeClinicClosure",
        "mutation ($clinic_closure: ID!) { removeClinicClosure(input: { clinicClosureId: $clinic_closure }) { clinic { name } } }",
        WRITES,
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.clinic", "{ clinic { name } }", 1),
    manager("Query.clinic", "query ($slug: String!) { clinic(slug: $slug) { name } }", 2),
    manager(
        "Query.clinic",
        "{ clinic { name network { name } memberships { totalCount nodes { user { email } } } } }",
        3,
    ),
    manager("Query.clinic", "{ clinic { tickets { totalCount nodes { title } } } }", 3),
    manager("Query.clinics", "{ clinics { nodes { name } } }", 1),
    administrator("Query.clinics", "{ clinics { totalCount nodes { name network { name } } } }", 2),
    administrator("Query.clinics", "{ clinics { totalCount } }", 1),
    manager(
        "Query.clinic",
        "{ clinic { config { booking { bufferMinutes } language { greetings { text } } privacy { officerName } } hours { dayOfWeek opensAt } } }",
        2,
    ),
    manager(
        "Mutation.updateClinicConfig",
        "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { clinicConfig { booking { bufferMinutes } } } }",
        4,
    ),
    manager("Query.clinic", "{ clinic { name logoFile { name url } } }", 1),
    manager(
        "Mutation.updateClinicLogo",
        "mutation ($logo: ID!) { updateClinicLogo(input: { fileId: $logo }) { clinic { logoFile { url } } } }",
        7,
    ),
    manager("Mutation.removeClinicLogo", "mutation { removeClinicLogo(input: {}) { clinic { name } } }", 6),
    manager(
        "Mutation.addClinicClosure",
        "mutation { addClinicClosure(input: { date: \"2026-09-07\" }) { clinicClosure { date name } } }",
        3,
    ),
    manager(
        "Mutation.changeClinicClosure",
        "mutation ($clinic_closure: ID!) { changeClinicClosure(input: { clinicClosureId: $clinic_closure, name: \"x\" }) { clinicClosure { name } } }",
        4,
    ),
    manager(
        "Mutation.removeClinicClosure",
        "mutation ($clinic_closure: ID!) { removeClinicClosure(input: { clinicClosureId: $clinic_closure }) { removedClinicClosureId } }",
        3,
    ),
];

const ENUMS: &[Enum] = &[Enum { constraint: "clinics_status_check", values: ClinicStatus::TEXTS }];

pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into clinic_networks (id, name, slug)
             values (gen_random_uuid(), $secret, $name || '-network');
             update clinics set description = $secret, network_id = (select id from clinic_networks where name = $secret)
             where id = $clinic;
             update clinic_configs set preferred_pharmacy_name = $secret where clinic_id = $clinic;
             insert into clinic_hours (id, clinic_id, day_of_week, opens_at, closes_at, is_closed)
             values (gen_random_uuid(), $clinic, 1, '09:00', '17:00', false);
             insert into clinic_closures (id, clinic_id, date, name)
             values (gen_random_uuid(), $clinic, '2027-01-01', $secret)",
        )
        .await;
}
