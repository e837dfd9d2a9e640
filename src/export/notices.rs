//! Notifications of exports that have ended, for the user who requested them.

use super::{ExportJob, notice_kinds as kinds};
use crate::{
    kernel::{Result, db::Scope},
    notification::{Notice, NoticeKind, Recipients, Subject, Value, notify},
};

/// The kinds of notifications about exports.
pub const NOTICES: &[&NoticeKind] = &[&kinds::READY, &kinds::FAILED];

/// Notifies of a file that can be downloaded.
pub async fn ready(scope: &Scope, export: &ExportJob, rows: i32) -> Result<()> {
    ended(scope, export, &kinds::READY, ("rows", rows.into())).await
}

/// Notifies of an export that failed.
pub async fn failed(scope: &Scope, export: &ExportJob, error: &str) -> Result<()> {
    ended(scope, export, &kinds::FAILED, ("reason", error.into())).await
}

async fn ended(
    scope: &Scope,
    export: &ExportJob,
    kind: &'static NoticeKind,
    outcome: (&'static str, Value),
) -> Result<()> {
    let notice = Notice {
        kind,
        clinic: Some(export.clinic_id.uuid()).filter(|clinic| !clinic.is_nil()),
        subject: Subject::of(export.id),
        link_path: Some(format!("/exports/{}", export.id)),
        values: vec![("content", kinds::content_words(export.kind).into()), outcome],
        cause: format!("{}:ended", export.id),
        now: scope.now(),
    };
    notify(scope, Recipients::One(export.requested_by_user_id.uuid()), notice).await
}
