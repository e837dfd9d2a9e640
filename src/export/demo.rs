//! Demo data: an export of tickets that the manager of a clinic has requested, with its file.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, dsl::exists, select};
use diesel_async::RunQueryDsl;

use super::{ExportFormat, ExportJob, ExportJobStatus, ExportKind, run};
use crate::{
    access::{User, standing},
    clinic::Clinic,
    entities::entities,
    file::{self, FilePurpose, Files, StoredContent},
    kernel::{
        Actor, Error, Id, Result,
        actor::Person,
        db::Access,
        entity::Kinds,
        write::{NoEvent, Stored},
    },
    schema::{clinics, export_jobs, memberships},
};

const FORMAT: ExportFormat = ExportFormat::Csv;

/// Gives a clinic of the demo a completed export, unless it has one.
pub async fn load(files: &Files, slug: &str) -> Result<()> {
    let database = files.database();
    let found = database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let manager = memberships::table
                .inner_join(clinics::table)
                .filter(clinics::slug.eq(slug))
                .filter(memberships::role.eq("clinic_manager"))
                .order(memberships::id)
                .select((clinics::id, memberships::user_id));
            let manager = manager.first::<(Id<Clinic>, Id<User>)>(&mut tx.conn()?).await.optional()?;
            let Some((clinic, user)) = manager else { return Ok(None) };
            let own = export_jobs::table.filter(export_jobs::clinic_id.eq(clinic));
            if select(exists(own)).get_result::<bool>(&mut tx.conn()?).await? {
                return Ok(None);
            }
            Ok(Some((clinic, user, standing(scope, user.uuid(), Some(clinic.uuid())).await?)))
        })
        .await?;
    let Some((clinic, user, person)) = found else { return Ok(()) };
    let (content, rows) = write(files, clinic, person).await?;
    database
        .as_system(None, async |scope| {
            let finished = scope.now();
            let requested = finished - TimeDelta::seconds(4);
            let export = ExportJob::new_in(clinic)
                .requested_by_user_id(user)
                .kind(ExportKind::Tickets)
                .format(FORMAT)
                .parameters(serde_json::json!({}))
                .created_at(requested)
                .updated_at(finished)
                .started_at(requested)
                .finished_at(finished)
                .expires_at(finished + run::LIFETIME)
                .status(ExportJobStatus::Completed)
                .rows_done(rows)
                .rows_total(rows);
            let made = run::made(export.row_id(), user, (ExportKind::Tickets, FORMAT), requested);
            let file = file::add(scope, files, &content, made).await?;
            export.file_id(file).insert(scope, NoEvent).await?;
            Ok(())
        })
        .await
}

/// Writes the tickets of a clinic; returns their number as well.
async fn write(files: &Files, clinic: Id<Clinic>, person: Arc<Person>) -> Result<(StoredContent, i32)> {
    let exporter = ExportKind::Tickets.exporter()?;
    let (extract, kinds) = (exporter.extract(), Kinds::new(entities()));
    let mut pages = extract.pages(Vec::new(), run::PAGE);
    let mut content = files.make(clinic.uuid(), FilePurpose::Export).await?;
    let scope = Arc::new(files.database().scope(Actor::Person(person), Access::Read, None));
    let (mut buffer, mut rows) = (Vec::new(), 0);
    FORMAT.write_head(false, &extract, &mut buffer);
    loop {
        let batch = pages.next(&scope, &kinds).await?;
        FORMAT.write_rows(&batch, &mut buffer);
        rows += i32::try_from(batch.size()).map_err(Error::internal)?;
        if batch.is_last {
            break;
        }
    }
    scope.finish();
    content.push(&buffer).await?;
    Ok((content.finish().await?, rows))
}
