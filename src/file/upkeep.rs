//! Upkeep: what has expired or belongs to nothing is removed, and what could not be scanned is scanned again. A transaction
//! decides what is removed; its object is removed after that, or by a later run.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Bool, Timestamptz},
};
use diesel_async::RunQueryDsl;
use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{
    FileScanStatus,
    service::{Files, Object},
    store::{ObjectName, Store},
};
use crate::{
    kernel::Result,
    schema::{file_uploads, files as rows, removed_files},
};

/// Rows of one transaction.
const BATCH: i64 = 200;
/// Age from which something that belongs to nothing is removed: an upload may be on its way to become a file.
const ORPHANED: TimeDelta = TimeDelta::days(1);
/// Interval at which files that could not be scanned are scanned again.
const RESCAN: Duration = Duration::from_secs(30);
/// Interval at which expired and unused files are removed.
const SWEEP: Duration = Duration::from_secs(600);

/// Scans without an answer after which no other is tried.
const MOST_IN_VAIN: usize = 3;

/// What one run removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that expired, and files that nobody used.
    pub rows: usize,
    /// Objects.
    pub objects: usize,
}

/// Removes what has expired or belongs to nothing.
pub async fn sweep_now(files: &Files) -> Result<Swept> {
    let Ok(store) = files.require_store() else { return Ok(Swept::default()) };
    let now = files.clock().now();
    let rows = remove_rows(files, now).await?;
    let mut objects = remove_noted(files, store).await?;
    if files.is_time_to_list(now) {
        objects += remove_unknown(files, store, now - ORPHANED).await?;
        objects += store.remove_unfinished(now - ORPHANED).await?;
    }
    if rows + objects > 0 {
        tracing::info!(rows, objects, "removed files that have expired or belong to nothing");
    }
    Ok(Swept { rows, objects })
}

/// Removes uploads that have expired, and files that were never made part of anything.
async fn remove_rows(files: &Files, now: DateTime<Utc>) -> Result<usize> {
    let mut all = 0;
    // A completed upload is kept for a while, so that completing it again gives its file again.
    for (statement, before) in [
        (
            "delete from file_uploads where (clinic_id, id) in (
                 select clinic_id, id from file_uploads where expires_at < $1 order by expires_at limit 200 for update skip locked)",
            now - ORPHANED,
        ),
        (
            "delete from files where (clinic_id, id) in (
                 select clinic_id, id from files where visibility = 'uploader' and not is_held and created_at < $1
                 order by created_at limit 200 for update skip locked)",
            now - ORPHANED,
        ),
    ] {
        loop {
            let removed = remove_batch(files, statement, before).await?;
            all += removed;
            if (removed as i64) < BATCH {
                break;
            }
        }
    }
    Ok(all)
}

/// Runs a statement in a transaction, unless another server does at this moment.
async fn remove_batch(files: &Files, statement: &str, before: DateTime<Utc>) -> Result<usize> {
    #[derive(QueryableByName)]
    struct Turn {
        #[diesel(sql_type = Bool)]
        is_ours: bool,
    }
    files
        .database()
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let turn: Turn = sql_query("select pg_try_advisory_xact_lock(hashtext('clinigraph files')) as is_ours")
                .get_result(&mut tx.conn()?)
                .await?;
            if !turn.is_ours {
                return Ok(0);
            }
            Ok(sql_query(statement).bind::<Timestamptz, _>(before).execute(&mut tx.conn()?).await?)
        })
        .await
}

/// Removes the objects of removed rows, and then the notes of them.
async fn remove_noted(files: &Files, store: &Store) -> Result<usize> {
    let mut all = 0;
    loop {
        let noted: Vec<(Uuid, Uuid)> = files
            .database()
            .as_system(None, async |scope| {
                let oldest = removed_files::table.order(removed_files::removed_at).limit(BATCH);
                let names = oldest.select((removed_files::clinic_id, removed_files::id));
                Ok(names.load(&mut scope.tx().await?.conn()?).await?)
            })
            .await?;
        for (clinic, object) in &noted {
            store.remove(ObjectName { clinic: *clinic, object: *object }).await?;
        }
        files
            .database()
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                for (clinic, object) in &noted {
                    let note = removed_files::table.find((clinic, object));
                    diesel::delete(note).execute(&mut tx.conn()?).await?;
                }
                Ok(())
            })
            .await?;
        all += noted.len();
        if (noted.len() as i64) < BATCH {
            return Ok(all);
        }
    }
}

/// Removes old objects that no row names, such as those of a request that was cut off.
async fn remove_unknown(files: &Files, store: &Store, before: DateTime<Utc>) -> Result<usize> {
    let mut removed = 0;
    let mut chunks = store.written_before(before).try_chunks(BATCH.unsigned_abs() as usize);
    while let Some(names) = chunks.try_next().await.map_err(|error| error.1)? {
        for name in unknown(files, names).await? {
            store.remove(name).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Those of some objects that no row names.
async fn unknown(files: &Files, names: Vec<ObjectName>) -> Result<Vec<ObjectName>> {
    let clinics: Vec<Uuid> = names.iter().map(|name| name.clinic).collect();
    let objects: Vec<Uuid> = names.iter().map(|name| name.object).collect();
    let known: Vec<Uuid> = files
        .database()
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let of_files = rows::table
                .filter(rows::clinic_id.eq_any(&clinics))
                .filter(rows::object_id.eq_any(&objects))
                .select(rows::object_id);
            let mut known: Vec<Uuid> = of_files.load(&mut tx.conn()?).await?;
            let of_uploads = file_uploads::table
                .filter(file_uploads::clinic_id.eq_any(&clinics))
                .filter(file_uploads::object_id.eq_any(objects.iter().map(Some)))
                .select(file_uploads::object_id);
            known.extend(of_uploads.load::<Option<Uuid>>(&mut tx.conn()?).await?.into_iter().flatten());
            Ok(known)
        })
        .await?;
    Ok(names.into_iter().filter(|name| !known.contains(&name.object)).collect())
}

/// Removes and scans what is due, until the server stops.
pub async fn maintain(files: &Files) {
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            if let Err(error) = sweep_now(files).await {
                tracing::warn!(%error, cause = ?error.cause(), "cannot remove files that belong to nothing");
            }
        }
        tokio::time::sleep(RESCAN).await;
        if files.settings().scanner.is_some()
            && let Err(error) = rescan_now(files).await
        {
            tracing::warn!(%error, cause = ?error.cause(), "cannot scan files again");
        }
    }
}

/// Scans the files and uploads that the scanner has not answered about once, the oldest first; returns how many have an
/// answer now.
pub async fn rescan_now(files: &Files) -> Result<usize> {
    type Row = (Uuid, Uuid, Uuid, Vec<u8>, i32);
    let pending: Vec<Row> = files
        .database()
        .as_system(None, async |scope| {
            let oldest = rows::table
                .filter(rows::scan_status.eq(FileScanStatus::Pending))
                .order(rows::created_at)
                .limit(BATCH)
                .select((rows::clinic_id, rows::id, rows::object_id, rows::sealed_key, rows::size_bytes));
            Ok(oldest.load(&mut scope.tx().await?.conn()?).await?)
        })
        .await?;
    let (mut answered, mut in_vain) = (0, 0);
    for (clinic, file, object, sealed_key, size) in pending {
        let object = Object { clinic, object, sealed_key, size: u64::from(size.unsigned_abs()) };
        let (status, finding) = match files.scan(&object).await {
            Ok(result) => result,
            Err(error) => {
                // One file that cannot be read must not hold up the others.
                tracing::error!(%error, cause = ?error.cause(), %file, "a file cannot be scanned");
                continue;
            }
        };
        if status == FileScanStatus::Pending {
            in_vain += 1;
            // A scanner that does not answer would not answer about the others either.
            if in_vain == MOST_IN_VAIN {
                break;
            }
            continue;
        }
        answered += files
            .database()
            .as_system(None, async |scope| {
                let row = rows::table.filter(rows::clinic_id.eq(clinic)).filter(rows::id.eq(file));
                let row = row.filter(rows::scan_status.eq(FileScanStatus::Pending));
                let changes = (rows::scan_status.eq(status), rows::finding.eq(&finding));
                Ok(diesel::update(row).set(changes).execute(&mut scope.tx().await?.conn()?).await?)
            })
            .await?;
    }
    Ok(answered)
}
