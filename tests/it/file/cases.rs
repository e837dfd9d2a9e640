//! Rows of files in the tests that hold for every table and operation.

use clinigraph::file::{FilePurpose, FileScanStatus, FileUploadStatus, FileVisibility};

use crate::cases::{
    ADMINISTERS, ALL, Budget, Cases, Enum, Filling, NOT_THEIRS, OF_CLINIC, OPEN, Rights, Table, WRITES, administrator,
    manager, rights,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "files",
        grants: "admin s(i)(u)d, auditor s, partner s, patient s, system siud, tenant s(i)(u)d",
        of_clinic: OF_CLINIC,
        tenant: Some(
            "clinic_id = $clinic and (visibility in ('clinic', 'everybody') or visibility in ('uploader', 'owner') and created_by_user_id = $user)",
        ),
        admin: ALL,
        insert: "(id, clinic_id, created_by_user_id, name, purpose, media_type, size_bytes, sha256, object_id, sealed_key, subject_type, subject_id, scan_status)
                 values (gen_random_uuid(), $clinic, $user, 'New', 'ticket_attachment', 'text/plain', 1, sha256('x'), gen_random_uuid(), 'x', 'user', $user, 'clean')",
    },
    Table {
        name: "file_uploads",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and created_by_user_id = $user"),
        admin: ALL,
        insert: "(id, clinic_id, created_by_user_id, name, purpose, media_type, size_bytes, sha256, expires_at)
                 values (gen_random_uuid(), $clinic, $user, 'New', 'ticket_attachment', 'text/plain', 1, sha256('x'), now())",
    },
    Table {
        name: "removed_files",
        grants: "system sid",
        of_clinic: OF_CLINIC,
        tenant: None,
        admin: None,
        insert: "(id, clinic_id) values (gen_random_uuid(), $clinic)",
    },
];

const RIGHTS: &[Rights] = &[
    rights("Query.file", "query ($file: ID!) { file(id: $file) { id name url sha256 subject { id } } }", OPEN),
    rights("Query.fileUpload", "query ($file_upload: ID!) { fileUpload(id: $file_upload) { id name sha256 } }", OPEN),
    rights(
        "Mutation.createUpload",
        "mutation ($clinic: ID!) { createUpload(input: { clinicId: $clinic, name: \"x\", purpose: TICKET_ATTACHMENT, mediaType: \"text/plain\",
             sizeBytes: 1, sha256: \"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\" }) { url upload { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.completeUpload",
        "mutation ($file_upload: ID!) { completeUpload(input: { uploadId: $file_upload }) { file { id name } } }",
        NOT_THEIRS,
    ),
    rights(
        "Mutation.removeFile",
        "mutation ($file: ID!) { removeFile(input: { fileId: $file }) { removedFileId } }",
        ["UNAUTHENTICATED", "NOT_FOUND", "NOT_FOUND", "FORBIDDEN"],
    ),
    rights(
        "Mutation.holdFile",
        "mutation ($file: ID!) { holdFile(input: { fileId: $file, reason: \"x\" }) { file { id name } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.releaseFile",
        "mutation ($file: ID!) { releaseFile(input: { fileId: $file, reason: \"x\" }) { file { id name } } }",
        ADMINISTERS,
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.file", "query ($file: ID!) { file(id: $file) { name url } }", 1),
    manager("Query.fileUpload", "query ($file_upload: ID!) { fileUpload(id: $file_upload) { status } }", 1),
    manager(
        "Mutation.createUpload",
        "mutation { createUpload(input: { name: \"x\", purpose: TICKET_ATTACHMENT, mediaType: \"text/plain\", sizeBytes: 1,
             sha256: \"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\" }) { upload { id } } }",
        4,
    ),
    manager(
        "Mutation.completeUpload",
        "mutation ($file_upload: ID!) { completeUpload(input: { uploadId: $file_upload }) { file { id } } }",
        5,
    ),
    administrator(
        "Mutation.holdFile",
        "mutation ($file: ID!) { holdFile(input: { fileId: $file, reason: \"x\" }) { file { isHeld } } }",
        3,
    ),
    administrator(
        "Mutation.releaseFile",
        "mutation ($file: ID!) { releaseFile(input: { fileId: $file, reason: \"x\" }) { file { isHeld } } }",
        3,
    ),
    manager(
        "Mutation.removeFile",
        "mutation ($file: ID!) { removeFile(input: { fileId: $file }) { removedFileId } }",
        3,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "files_purpose_check", values: FilePurpose::TEXTS },
    Enum { constraint: "files_scan_status_check", values: FileScanStatus::TEXTS },
    Enum { constraint: "files_visibility_check", values: FileVisibility::TEXTS },
    Enum { constraint: "file_uploads_status_check", values: FileUploadStatus::TEXTS },
];

/// Gives a clinic a logo, and its ticket and messages attachments, one of them among administrators. The attachments sort
/// before the logo.
pub async fn fill(filling: &Filling<'_>) {
    let file = |first: &str, by: &str, purpose: &str, visibility: &str, subject: &str| {
        format!(
            "insert into files (id, clinic_id, created_by_user_id, name, purpose, media_type, size_bytes, sha256, object_id, sealed_key, visibility, subject_type, subject_id, scan_status)
             select overlay(gen_random_uuid()::text placing '{first}' from 1 for 1)::uuid, $clinic, {by}, $secret, '{purpose}', 'image/png', 1, sha256('x'), gen_random_uuid(), 'x', '{visibility}', {subject};"
        )
    };
    let message = |condition: &str| {
        format!(
            "'ticket_message', (select id from ticket_messages where clinic_id = $clinic and {condition} limit 1), 'clean'"
        )
    };
    let statements = [
        file("f", "$user", "clinic_logo", "everybody", "'clinic', $clinic, 'clean'"),
        "update clinics set logo_file_id = (select id from files where clinic_id = $clinic and purpose = 'clinic_logo') where id = $clinic;".to_owned(),
        file("0", "$user", "ticket_attachment", "clinic", "'ticket', (select id from support_tickets where clinic_id = $clinic limit 1), 'clean'"),
        file("0", "$user", "ticket_attachment", "clinic", &message("not is_internal")),
        file("1", "$administrator", "ticket_attachment", "platform", &message("is_internal")),
        "insert into file_uploads (id, clinic_id, created_by_user_id, name, purpose, media_type, size_bytes, sha256, status, expires_at, file_id)
         select gen_random_uuid(), $clinic, $user, $secret, 'ticket_attachment', 'image/png', 1, sha256('x'), 'completed', now() + interval '1 hour', id
         from files where clinic_id = $clinic and visibility = 'clinic' limit 1;
         insert into removed_files (id, clinic_id) values (gen_random_uuid(), $clinic)".to_owned(),
    ];
    filling.execute(&statements.concat()).await;
}
