//! The job that writes the file of an export. It reads page by page, each in a transaction of the person who requested it, and
//! looks after each page whether the export was cancelled. The file exists when the export is completed, in the same transaction;
//! a worker that is stopped before leaves nothing that anybody sees, and the next attempt begins again.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    dsl::sql,
    sql_types::{Bool, Timestamptz},
};

use super::{
    ExportEventKind, ExportFormat, ExportJob, ExportJobStatus, ExportKind, Exporter, events::update, notices,
    reading::Reader, upkeep::RemoveExpiredExports,
};
use crate::{
    access::User,
    file::{self, FilePurpose, Files, Made, NewContent, StoredContent},
    job,
    jobs::{JobKind, Jobs, Priority, Rules, Running, Schedule, Work},
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        entity::{Condition, Pages, raw_condition},
        write::{NoEvent, Stored},
    },
};

pub const JOBS: Jobs = Jobs {
    kinds: &[JobKind::of::<RunExport>(), JobKind::of::<RemoveExpiredExports>()],
    schedules: &[Schedule::every_minutes::<RemoveExpiredExports>(10)],
    starters: &[],
};

/// Rows that are in memory at the same time.
pub const PAGE: u32 = 250;
/// Shortest time between two events of progress.
const EVENTS_EVERY: Duration = Duration::from_secs(1);
/// Time for which the file can be downloaded.
pub const LIFETIME: TimeDelta = TimeDelta::days(7);

job! {
    /// Writes the file of an export.
    RunExport "export_run" { export_job_id: Id<ExportJob> }
}

impl Work for RunExport {
    const RULES: Rules = Rules {
        attempts: 3,
        priority: Priority::Usual,
        at_once: 4,
        at_once_in_clinic: 1,
        time: Duration::from_secs(7200),
    };

    async fn run(self, job: Running) -> Result<()> {
        let Some(export) = job.before(async |scope| begin(scope, self.export_job_id).await).await? else {
            return Ok(());
        };
        let files = job.service::<Files>()?;
        match write(&job, files, &export).await {
            Ok(Ended::Written(content, rows)) => match complete(&job, files, &export, content.as_ref(), rows).await {
                Err(error) if is_final(&error) => {
                    // Nothing was committed, so no row names the content.
                    discard(files, content.as_ref()).await;
                    fail(&job, &export, &error).await
                }
                completed => completed,
            },
            Ok(Ended::Cancelled) => Ok(()),
            Err(error) if is_final(&error) || job.attempt() >= Self::RULES.attempts => {
                tracing::warn!(export = %export.id, %error, cause = ?error.cause(), "an export failed");
                fail(&job, &export, &error).await
            }
            Err(error) => Err(error),
        }
    }
}

enum Ended {
    /// With the number of rows; without a content if there is nothing in it.
    Written(Option<StoredContent>, i32),
    Cancelled,
}

/// Starts an export, or starts it again after a worker was stopped. None if it has ended.
async fn begin(scope: &Scope, id: Id<ExportJob>) -> Result<Option<ExportJob>> {
    let export = match ExportJob::lock(scope, id, None).await {
        Ok(export) if export.status.is_unfinished() => export,
        Ok(_) => return Ok(None),
        Err(error) if error.code() == Code::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let started = export.edit().move_to(ExportJobStatus::Running, scope.now())?.started_at(scope.now()).rows_done(0);
    update(scope, &export, started, ExportEventKind::Started, &["status", "startedAt", "rowsDone"]).await?;
    Ok(Some(export))
}

async fn write(job: &Running, files: &Files, export: &ExportJob) -> Result<Ended> {
    let exporter = export.kind.exporter()?;
    let mut content = files.make(export.clinic_id.uuid(), FilePurpose::Export).await?;
    match write_rows(job, exporter, export, &mut content).await {
        Ok(Some(rows)) if content.size() > 0 => Ok(Ended::Written(Some(content.finish().await?), rows)),
        Ok(ended) => {
            content.give_up().await;
            Ok(ended.map_or(Ended::Cancelled, |rows| Ended::Written(None, rows)))
        }
        Err(error) => {
            content.give_up().await;
            Err(error)
        }
    }
}

/// Writes the rows; returns their number, none if the export was cancelled.
async fn write_rows(
    job: &Running,
    exporter: Exporter,
    export: &ExportJob,
    content: &mut NewContent,
) -> Result<Option<i32>> {
    let clinic = Some(export.clinic_id.uuid()).filter(|clinic| !clinic.is_nil());
    let mut reader = Reader::new(job, exporter, export.requested_by_user_id.uuid(), clinic);
    let extract = exporter.extract();
    let mut conditions = exporter.conditions(&export.parameters)?;
    conditions.push(until(exporter, export));
    let mut pages = extract.pages(conditions, PAGE);
    let total = count(&mut reader, &pages).await?;
    let mut buffer = Vec::new();
    export.format.write_head(export.has_byte_order_mark, &extract, &mut buffer);
    let (mut done, mut announced) = (0, None::<Instant>);
    loop {
        let batch = reader.next(&mut pages).await?;
        export.format.write_rows(&batch, &mut buffer);
        content.push(&buffer).await?;
        buffer.clear();
        done += i32::try_from(batch.size()).map_err(Error::internal)?;
        let announces = !batch.is_last && announced.is_none_or(|at| at.elapsed() >= EVENTS_EVERY);
        if announces {
            announced = Some(Instant::now());
        }
        if !job.before(async |scope| note_progress(scope, export.id, (done, total), announces).await).await? {
            return Ok(None);
        }
        if batch.is_last {
            return Ok(Some(done));
        }
    }
}

/// Rows that were added after the request are left out, so that the last page is reached.
fn until(exporter: Exporter, export: &ExportJob) -> Condition {
    raw_condition(sql::<Bool>(exporter.time).sql(" <= ").bind::<Timestamptz, _>(export.created_at))
}

/// The number of rows; none if it takes too long to count them.
async fn count(reader: &mut Reader<'_>, pages: &Pages<'_>) -> Result<Option<i32>> {
    match reader.count(pages).await {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.code() == Code::Timeout => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes how many rows were written; false if the export was cancelled.
async fn note_progress(
    scope: &Scope,
    id: Id<ExportJob>,
    (done, total): (i32, Option<i32>),
    announces: bool,
) -> Result<bool> {
    let export = ExportJob::lock(scope, id, None).await?;
    if export.status != ExportJobStatus::Running {
        return Ok(false);
    }
    // Rows can have been removed, or have become visible, since they were counted.
    let total = total.map(|total| total.max(done));
    let draft = export.edit().rows_done(done).rows_total(total);
    if announces {
        update(scope, &export, draft, ExportEventKind::Progressed, &["rowsDone", "rowsTotal"]).await?;
    } else {
        draft.update(scope, NoEvent).await?;
    }
    Ok(true)
}

/// Completes an export with its file, unless it was cancelled.
async fn complete(
    job: &Running,
    files: &Files,
    export: &ExportJob,
    content: Option<&StoredContent>,
    rows: i32,
) -> Result<()> {
    let mut was_cancelled = false;
    job.finish(async |scope| {
        let export = ExportJob::lock(scope, export.id, None).await?;
        if export.status != ExportJobStatus::Running {
            was_cancelled = true;
            return Ok(());
        }
        let now = scope.now();
        let file = match content {
            Some(content) => {
                let form = (export.kind, export.format);
                let made = made(export.id, export.requested_by_user_id, form, export.created_at);
                Some(file::add(scope, files, content, made).await?)
            }
            None => None,
        };
        let completed = export
            .edit()
            .move_to(ExportJobStatus::Completed, now)?
            .rows_done(rows)
            .rows_total(Some(rows))
            .file_id(file)
            .finished_at(now)
            .expires_at(now + LIFETIME);
        let changed = ["status", "rowsDone", "rowsTotal", "file", "finishedAt", "expiresAt"];
        update(scope, &export, completed, ExportEventKind::Completed, &changed).await?;
        notices::ready(scope, &export, rows).await
    })
    .await?;
    if was_cancelled {
        discard(files, content).await;
    }
    Ok(())
}

/// What is said of the file of an export.
pub fn made(
    export: Id<ExportJob>,
    owner: Id<User>,
    (kind, format): (ExportKind, ExportFormat),
    requested_at: DateTime<Utc>,
) -> Made<ExportJob> {
    let day = requested_at.format("%Y-%m-%d");
    Made {
        name: format!("{}-{day}.{}", kind.text().replace('_', "-"), format.ending()),
        purpose: FilePurpose::Export,
        media_type: format.media_type(),
        owner,
        subject: export,
    }
}

async fn discard(files: &Files, content: Option<&StoredContent>) {
    if let Some(content) = content {
        files.discard_content(content).await;
    }
}

/// Whether another attempt would fail in the same way.
fn is_final(error: &Error) -> bool {
    use Code::{ClinicInactive, Forbidden, InvalidId, InvalidInput, LimitReached, UserInactive};
    matches!(error.code(), ClinicInactive | Forbidden | InvalidId | InvalidInput | LimitReached | UserInactive)
}

async fn fail(job: &Running, export: &ExportJob, error: &Error) -> Result<()> {
    let message = match error.code() {
        Code::Internal => "the server could not write the file; please request the export again",
        _ => error.message(),
    };
    job.finish(async |scope| end_with(scope, export.id, message).await).await
}

/// Notes that an export failed, unless it has ended otherwise.
pub async fn end_with(scope: &Scope, id: Id<ExportJob>, message: &str) -> Result<()> {
    let export = ExportJob::lock(scope, id, None).await?;
    if !export.status.is_unfinished() {
        return Ok(());
    }
    let message: String = message.chars().take(1000).collect();
    let failed = export.edit().move_to(ExportJobStatus::Failed, scope.now())?.finished_at(scope.now());
    let failed = failed.error(message.as_str());
    update(scope, &export, failed, ExportEventKind::Failed, &["status", "error", "finishedAt"]).await?;
    notices::failed(scope, &export, &message).await
}
