//! Notifications of exports that have ended, for the user who requested them.

use super::{ExportJob, ExportKind};
use crate::{
    kernel::{Result, db::Scope},
    notification::{Notice, NotificationKind, Recipients, Subject, notify},
};

fn noun(kind: ExportKind) -> &'static str {
    match kind {
        ExportKind::Tickets => "tickets",
        ExportKind::TicketMessages => "ticket messages",
        ExportKind::AuditEvents => "the audit trail",
    }
}

/// Notifies of a file that can be downloaded.
pub async fn ready(scope: &Scope, export: &ExportJob, rows: i32) -> Result<()> {
    let title = format!("Your export of {} is ready", noun(export.kind));
    let rows = if rows == 1 { "It has one row.".to_owned() } else { format!("It has {rows} rows.") };
    ended(scope, export, NotificationKind::ExportReady, title, &rows).await
}

/// Notifies of an export that failed.
pub async fn failed(scope: &Scope, export: &ExportJob, error: &str) -> Result<()> {
    let title = format!("Your export of {} failed", noun(export.kind));
    ended(scope, export, NotificationKind::ExportFailed, title, error).await
}

async fn ended(scope: &Scope, export: &ExportJob, kind: NotificationKind, title: String, body: &str) -> Result<()> {
    let notice = Notice {
        kind,
        clinic: Some(export.clinic_id.uuid()).filter(|clinic| !clinic.is_nil()),
        subject: Subject::of(export.id),
        link_path: Some(format!("/exports/{}", export.id)),
        title,
        body,
        cause: format!("{}:ended", export.id),
        now: scope.now(),
    };
    notify(scope, Recipients::One(export.requested_by_user_id.uuid()), notice).await
}
