//! The upkeep of exports: files that have expired are removed, and exports whose job is dead have failed.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    ExportEventKind, ExportJob, ExportJobStatus,
    events::update,
    run::{RunExport, end_with},
};
use crate::{
    file::{self, File},
    job,
    jobs::{Payload, Running, Work},
    kernel::{Id, Result, db::Scope, write::Stored},
};

job! {
    /// Removes files of exports that have expired, and ends exports that no job works on any more.
    RemoveExpiredExports "export_upkeep" {}
}

impl Work for RemoveExpiredExports {
    async fn run(self, job: Running) -> Result<()> {
        // In one transaction for each export, so that none is locked for long. What is done need not be done again.
        for id in job.before(expired).await? {
            job.before(async |scope| expire(scope, id).await).await?;
        }
        for id in job.before(abandoned).await? {
            let message =
                "the server was stopped each time before the file was written; please request the export again";
            job.before(async |scope| end_with(scope, id, message).await).await?;
        }
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn ids(found: Vec<Found>) -> Vec<Id<ExportJob>> {
    found.into_iter().map(|found| Id::from_uuid(found.id)).collect()
}

/// Exports that have expired. A file under legal hold stays, and so does its export.
async fn expired(scope: &Scope) -> Result<Vec<Id<ExportJob>>> {
    let expired = sql_query(
        "select e.id from export_jobs e
          where e.status = 'completed' and e.expires_at <= $1
            and not exists (select 1 from files f where f.clinic_id = e.clinic_id and f.id = e.file_id and f.is_held)
          order by e.expires_at limit 500",
    );
    let expired = expired.bind::<Timestamptz, _>(scope.now());
    Ok(ids(expired.load(&mut scope.tx().await?.conn()?).await?))
}

/// Exports that have not ended although their job has.
async fn abandoned(scope: &Scope) -> Result<Vec<Id<ExportJob>>> {
    let abandoned = sql_query(
        "select e.id from export_jobs e
          where e.status in ('waiting', 'running')
            and not exists (select 1 from jobs j where j.clinic_id = e.clinic_id and j.kind = $1 and j.key = e.id::text
                               and j.status in ('waiting', 'running'))
          order by e.created_at limit 500",
    );
    let abandoned = abandoned.bind::<Text, _>(RunExport::KIND);
    Ok(ids(abandoned.load(&mut scope.tx().await?.conn()?).await?))
}

async fn expire(scope: &Scope, id: Id<ExportJob>) -> Result<()> {
    let export = ExportJob::lock(scope, id, None).await?;
    let expired = export.edit().move_to(ExportJobStatus::Expired, scope.now())?.file_id(None);
    update(scope, &export, expired, ExportEventKind::Expired, &["status", "file"]).await?;
    if let Some(id) = export.file_id {
        file::remove(scope, &File::lock(scope, id, None).await?).await?;
    }
    Ok(())
}
