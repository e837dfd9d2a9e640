//! Adding jobs, in the transaction of their cause and through the scope of that cause.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, QueryDsl, delete,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Job, JobReference, JobStatus, Payload, Work};
use crate::{
    clinic::Clinic,
    kernel::{
        Id, Result,
        db::{Scope, prepared},
        entity::JsonList,
    },
    schema::jobs,
};

/// A job that is not added yet.
#[derive(Debug, Clone)]
#[must_use = "a job is added by enqueue"]
pub struct NewJob {
    clinic: Uuid,
    kind: &'static str,
    payload: JsonList<JobReference>,
    key: Option<String>,
    replaces: bool,
    run_at: Option<DateTime<Utc>>,
    priority: i32,
    attempts: i32,
}

impl NewJob {
    pub(super) fn of<W: Work>(payload: &W, clinic: Uuid) -> Self {
        Self {
            clinic,
            kind: W::KIND,
            payload: JsonList(payload.references()),
            key: None,
            replaces: false,
            run_at: None,
            priority: W::RULES.priority as i32,
            attempts: W::RULES.attempts,
        }
    }

    /// Starts the job at a time; otherwise it starts as soon as its cause is committed.
    pub fn at(self, run_at: DateTime<Utc>) -> Self {
        Self { run_at: Some(run_at), ..self }
    }

    /// Adds nothing if a job of this kind with this key waits in the clinic. One that runs already does not count, since it
    /// may have read what has changed now.
    pub fn unless_waiting(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Replaces the job of this kind with this key that waits in the clinic, if there is one.
    pub fn replacing(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), replaces: true, ..self }
    }

    /// Adds the job to the transaction of its cause. Of several with one key in a transaction the last one counts if it
    /// replaces, otherwise the first.
    pub async fn enqueue(self, scope: &Scope) -> Result<()> {
        let run_at = self.run_at.unwrap_or_else(|| scope.now());
        scope.jobs_are_added();
        scope.send(Enqueue { id: Id::<Job>::new().uuid(), run_at, job: self }).await
    }
}

/// The jobs without those that add nothing, as one with their key is added before them.
pub(super) fn without_repeats(jobs: impl Iterator<Item = NewJob>) -> Vec<NewJob> {
    let mut keys = HashSet::new();
    let adds = |job: &NewJob| match &job.key {
        Some(key) if !job.replaces => keys.insert((job.clinic, job.kind, key.clone())),
        _ => true,
    };
    jobs.filter(adds).collect()
}

/// Removes the job of a kind with this key, if it waits.
pub async fn cancel<W: Payload>(scope: &Scope, clinic: Id<Clinic>, key: &str) -> Result<()> {
    let waiting = jobs::table
        .filter(jobs::clinic_id.eq(clinic))
        .filter(jobs::kind.eq(W::KIND))
        .filter(jobs::key.eq(key))
        .filter(jobs::status.eq(JobStatus::Waiting));
    prepared(delete(waiting)).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

/// By a function of the database, as nobody but the server itself may write the table.
struct Enqueue {
    id: Uuid,
    run_at: DateTime<Utc>,
    job: NewJob,
}

impl QueryId for Enqueue {
    // Prepared by its text.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Enqueue {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let NewJob { clinic, kind, payload, key, replaces, priority, attempts, .. } = &self.job;
        out.push_sql("SELECT private.enqueue_job(");
        out.push_bind_param::<SqlUuid, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(clinic)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(key)?;
        out.push_sql(", ");
        out.push_bind_param::<Bool, _>(replaces)?;
        out.push_sql(", ");
        out.push_bind_param::<Jsonb, _>(payload)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(priority)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.run_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(attempts)?;
        out.push_sql(")");
        Ok(())
    }
}
