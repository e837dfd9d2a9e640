//! Rows of exports in the tests that hold for every table and operation.

use clinigraph::{
    export::{ExportFormat, ExportJobStatus, ExportKind},
    notification::NotificationKind,
};
use serde_json::json;

use crate::{
    cases::{
        ADMINISTERS, ALL, Budget, Cases, Cause, Enum, Filling, NOT_THEIRS, OF_CLINIC, OPEN, Rights, Table, WRITES,
        administrator, manager, rights,
    },
    harness::TestApp,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[Table {
    name: "export_jobs",
    grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
    of_clinic: OF_CLINIC,
    tenant: Some("clinic_id = $clinic and requested_by_user_id = $user"),
    admin: ALL,
    insert: "(id, clinic_id, requested_by_user_id, kind, format) values (gen_random_uuid(), $clinic, $user, 'tickets', 'csv')",
}];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.export",
        "query ($export_job: ID!) { export(id: $export_job) { id parameters file { name } requestedBy { id } } }",
        OPEN,
    ),
    rights("Query.exports", "{ exports { totalCount nodes { id parameters file { name } } } }", OPEN),
    rights(
        "Mutation.requestTicketExport",
        "mutation ($clinic: ID!) { requestTicketExport(input: { filter: { clinicId: $clinic } }) { export { id parameters } } }",
        WRITES,
    ),
    rights(
        "Mutation.requestAuditExport",
        "mutation ($clinic: ID!) { requestAuditExport(input: { clinicId: $clinic, from: \"2026-01-01T00:00:00Z\", until: \"2026-02-01T00:00:00Z\" }) { export { id } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.cancelExport",
        "mutation ($export_job: ID!) { cancelExport(input: { exportId: $export_job }) { export { id parameters } } }",
        NOT_THEIRS,
    ),
    rights(
        "Mutation.downloadExport",
        "mutation ($export_job: ID!) { downloadExport(input: { exportId: $export_job }) { url export { id } } }",
        WRITES,
    ),
    rights(
        "Subscription.exportEvents",
        "subscription ($export_job: ID!, $after: String!) { exportEvents(exportId: $export_job, after: $after) { cursor kind export { id } } }",
        OPEN,
    ),
];

const BUDGETS: &[Budget] = &[
    manager(
        "Query.export",
        "query ($export_job: ID!) { export(id: $export_job) { status parameters file { name } requestedBy { displayName } } }",
        2,
    ),
    manager("Query.exports", "{ exports { nodes { status clinic { name } file { name } } } }", 2),
    manager(
        "Mutation.requestTicketExport",
        "mutation { requestTicketExport(input: { filter: { status: OPEN } }) { export { id } } }",
        4,
    ),
    administrator(
        "Mutation.requestAuditExport",
        "mutation { requestAuditExport(input: { from: \"2026-01-01T00:00:00Z\", until: \"2026-02-01T00:00:00Z\" }) { export { id } } }",
        4,
    ),
    manager(
        "Mutation.cancelExport",
        "mutation ($waiting_export: ID!) { cancelExport(input: { exportId: $waiting_export }) { export { status } } }",
        5,
    ),
    manager(
        "Mutation.downloadExport",
        "mutation ($export_job: ID!) { downloadExport(input: { exportId: $export_job }) { url export { downloads } } }",
        4,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "export_jobs_kind_check", values: ExportKind::TEXTS },
    Enum { constraint: "export_jobs_format_check", values: ExportFormat::TEXTS },
    Enum { constraint: "export_jobs_status_check", values: ExportJobStatus::TEXTS },
];

/// A completed export of the manager with its file, which sorts behind the attachments.
pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "with file as (
                 insert into files (id, clinic_id, created_by_user_id, name, purpose, media_type, size_bytes, sha256, object_id, sealed_key, visibility, subject_type, subject_id, scan_status)
                 values (overlay(gen_random_uuid()::text placing 'e' from 1 for 1)::uuid, $clinic, $user, $secret, 'export', 'text/csv', 1, sha256('x'), gen_random_uuid(), 'x', 'owner', 'export_job', gen_random_uuid(), 'not_scanned')
                 returning id, subject_id
             )
             insert into export_jobs (id, clinic_id, requested_by_user_id, kind, format, parameters, status, file_id, finished_at)
             select subject_id, $clinic, $user, 'tickets', 'csv', jsonb_build_object('text', $secret), 'completed', id, now() from file;
             insert into outbox_events (clinic_id, user_id, audience, topic, subject_id, kind)
             select clinic_id, requested_by_user_id, 'clinic', 'export_job', id, 'completed' from export_jobs where clinic_id = $clinic",
        )
        .await;
}

/// The causes of the notifications about exports.
pub const CAUSES: &[(NotificationKind, Cause)] = &[
    (NotificationKind::ExportReady, |app| Box::pin(export_after(app, "select 1"))),
    (NotificationKind::ExportFailed, |app| Box::pin(export_after(app, "update memberships set role = 'staff'"))),
];

/// Runs an export of a manager after a statement that may take the right from them.
async fn export_after(app: &TestApp, statement: &str) {
    let manager = app.clinic("Birch").await.manager().await;
    app.verify_everybody().await;
    manager.request_ticket_export(json!({})).await;
    app.execute(statement).await;
    app.work().await;
}
