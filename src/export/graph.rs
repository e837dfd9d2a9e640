//! Queries and mutations of exports. Those that request one are in the modules whose rows they export.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{ExportEventKind, ExportJob, ExportJobStatus, events::update};
use crate::{
    file::{DOWNLOAD_LIFETIME, Files},
    input,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::One,
        request::service,
        write::{Input, NoEvent, State, Stored},
    },
    queries,
};

queries! {
    /// Queries of exports.
    ExportReads;
    one {
        /// Export with this id. Null if there is none that the caller may see.
        export: ExportJob,
    }
    list {
        /// Exports that the caller has requested in the clinic they work in; for administrators of the platform, all exports.
        exports: ExportJob,
    }
}

input! {
    /// Export that is going to be cancelled.
    CancelExportInput {
        /// Identifier of the export.
        export_id: Id<ExportJob>,
    }
}

/// Result of cancelling an export.
#[derive(SimpleObject)]
pub struct CancelExportPayload {
    /// Export that was cancelled.
    export: One<ExportJob>,
}

input! {
    /// Export whose file is going to be downloaded.
    DownloadExportInput {
        /// Identifier of the export.
        export_id: Id<ExportJob>,
    }
}

/// Result of asking for the file of an export.
#[derive(SimpleObject)]
pub struct DownloadExportPayload {
    /// Export whose file can be downloaded.
    export: One<ExportJob>,
    /// Address of the file on this server, with which anybody can download it until it expires.
    url: String,
    /// Time until which a download from the address can begin.
    expires_at: DateTime<Utc>,
}

#[derive(Debug, Default)]
pub struct ExportMutation;

#[Object]
impl ExportMutation {
    /// Cancels an export that waits or runs; `INVALID_TRANSITION` if it has ended.
    async fn cancel_export(&self, ctx: &Context<'_>, input: Input<CancelExportInput>) -> Result<CancelExportPayload> {
        let scope = ctx.scope()?;
        scope.actor().person()?;
        let export = locked(scope, input.valid()?.export_id).await?;
        if export.status != ExportJobStatus::Cancelled {
            let cancelled = export.edit().move_to(ExportJobStatus::Cancelled, scope.now())?.finished_at(scope.now());
            update(scope, &export, cancelled, ExportEventKind::Cancelled, &["status", "finishedAt"]).await?;
        }
        Ok(CancelExportPayload { export: One::of(export.id) })
    }

    /// Gives the address of the file of an export, which is valid for five minutes; the audit trail records each. Fails with
    /// `INVALID_TRANSITION` if the export has no file. Needs the permission `DATA_EXPORT` and the one that requesting it takes.
    async fn download_export(
        &self,
        ctx: &Context<'_>,
        input: Input<DownloadExportInput>,
    ) -> Result<DownloadExportPayload> {
        let scope = ctx.permitted(Permission::DataExport)?;
        let export = locked(scope, input.valid()?.export_id).await?;
        scope.actor().require(export.kind.exporter()?.permission)?;
        let now = scope.now();
        let is_there = export.status == ExportJobStatus::Completed && export.expires_at.is_none_or(|at| at > now);
        let Some(file) = export.file_id.filter(|_| is_there) else { return Err(without_file(&export)) };
        let files = service::<Files>(ctx)?;
        export.edit().downloads(export.downloads + 1).downloaded_at(now).update(scope, NoEvent).await?;
        let url = files.address(export.clinic_id.uuid(), file)?;
        Ok(DownloadExportPayload { export: One::of(export.id), url, expires_at: now + DOWNLOAD_LIFETIME })
    }
}

/// An export that the caller may see, locked. Callers of some classes may lock nothing, and see none.
async fn locked(scope: &Scope, id: Id<ExportJob>) -> Result<ExportJob> {
    ExportJob::find(scope, id).await?.ok_or_else(|| Error::not_found("export"))?;
    ExportJob::lock(scope, id, None).await
}

fn without_file(export: &ExportJob) -> Error {
    let message = match export.status {
        ExportJobStatus::Waiting | ExportJobStatus::Running => "the export is not completed yet".to_owned(),
        ExportJobStatus::Completed if export.file_id.is_none() => "the export has no rows, and so no file".to_owned(),
        ExportJobStatus::Completed => "the file of the export has expired; please request a new one".to_owned(),
        status => format!("an export that is {} has no file; please request a new one", status.name()),
    };
    Error::new(Code::InvalidTransition, message).allowed(Vec::new())
}
