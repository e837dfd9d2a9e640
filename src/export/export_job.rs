//! The entity and its list.

use chrono::{DateTime, Utc};

use super::{ExportFormat, ExportKind};
use crate::{
    access::User,
    clinic::Clinic,
    entity,
    file::File,
    filter,
    kernel::{Actor, Id, Permission},
    orders,
    schema::export_jobs,
    states,
};

states! {
    /// Status of an export.
    ExportJobStatus of ExportJob.status, "export" {
        /// The export waits to be started.
        Waiting = "waiting" to [Running, Failed, Cancelled],
        /// The rows of the export are being written.
        Running = "running" to [Completed, Failed, Cancelled],
        /// The file of the export can be downloaded.
        Completed = "completed" to [Expired],
        /// The export failed and has no file.
        Failed = "failed" to [] hint "please request a new one",
        /// The export was cancelled and has no file.
        Cancelled = "cancelled" to [] hint "please request a new one",
        /// The file of the export has expired and was removed.
        Expired = "expired" to [] hint "please request a new one",
    }
}

impl ExportJobStatus {
    /// Whether the export can still be cancelled.
    #[must_use]
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

impl ExportKind {
    /// Whether an actor may request and download exports of this kind.
    #[must_use]
    pub fn is_allowed_to(self, actor: &Actor) -> bool {
        actor.may(Permission::DataExport) && self.exporter().is_ok_and(|exporter| actor.may(exporter.permission))
    }
}

entity! {
    /// Export of data into a file. Only the user who requested it and administrators of the platform see it.
    ExportJob "export_job" of export_jobs, tenant clinic_id;
    columns {
        /// Identifier of the export.
        id: Id<ExportJob>,
        /// Kind of the export: the rows that are in its file.
        kind: ExportKind,
        /// Format of the file.
        format: ExportFormat,
        /// Whether a CSV file begins with a byte order mark, by which some spreadsheets recognise UTF-8.
        has_byte_order_mark: bool,
        /// Parameters of the export as JSON: the conditions on its rows, in the spelling of the API.
        parameters: serde_json::Value,
        /// Current status of the export.
        status: ExportJobStatus,
        /// Number of rows that were written so far.
        rows_done: i32,
        /// Number of rows that there were when the export started. Null if it is not known.
        rows_total: Option<i32>,
        /// Reason why the export failed, at most 1,000 characters. Null if it has not failed.
        error: Option<String>,
        /// Time at which the export started. Null if it has not started.
        started_at: Option<DateTime<Utc>>,
        /// Time at which the export was completed, failed or was cancelled. Null before that.
        finished_at: Option<DateTime<Utc>>,
        /// Time at which the file is removed. Null if the export has not been completed.
        expires_at: Option<DateTime<Utc>>,
        /// Number of addresses that were given out to download the file.
        downloads: i32,
        /// Time at which the last address to download the file was given out. Null if there was none.
        downloaded_at: Option<DateTime<Utc>>,
        /// Time at which the export was requested; rows that were added later are not in it.
        created_at: DateTime<Utc>,
        /// Time at which the export was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the export, which each change increments.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        requested_by_user_id: Id<User>,
        file_id: Option<Id<File>>,
    }
    computed {
        /// Whether the export can be cancelled now.
        viewer_can_cancel: bool = |_viewer, status: ExportJobStatus| status.is_unfinished(),
        /// Whether the caller may download the file of the export now.
        viewer_can_download: bool = |viewer, kind: ExportKind, status: ExportJobStatus, file_id: Option<Id<File>>| status == ExportJobStatus::Completed && file_id.is_some() && kind.is_allowed_to(viewer),
    }
    edges {
        /// Clinic that the export was requested in. Null for an export of an administrator of the platform.
        clinic: maybe Clinic by clinic_id,
        /// User who requested the export. Null if the user is no longer visible to the caller.
        requested_by: maybe User by requested_by_user_id,
        /// File with the rows; the mutation `downloadExport` gives its address. Null before the export is completed and after it
        /// has expired, and for NDJSON if there are no rows.
        file: maybe File by file_id,
    }
}

orders! {
    /// Order of a list of exports.
    ExportJobOrder by ExportJobOrderField, usually CreatedAt Desc;
    /// Time at which the export was requested.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of exports; all of them must hold.
    ExportJobFilter of ExportJob in export_jobs, order ExportJobOrder {
        /// Clinic that the export was requested in.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Kinds of exports, any of which matches.
        kind: any(kind: ExportKind),
        /// Statuses, any of which matches.
        status: any(status: ExportJobStatus) replan,
    }
}
