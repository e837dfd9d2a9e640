//! The statements of workers: which jobs start next, whose claim is renewed, and what becomes of a job that failed.
//!
//! A claim is a lease: a row names it, and until it expires no other worker takes the job. A worker that completes a job or
//! reports its failure must still have the lease, so a worker that was taken for dead changes nothing any more.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Job, JobEventKind, JobKind, JobReference, retry};
use crate::kernel::{
    Error, Id, Result,
    db::{Database, Scope},
    entity::JsonList,
    events::{Audience, Event},
};

/// A job that a worker has claimed.
#[derive(Debug, Clone, QueryableByName)]
pub struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub clinic_id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Jsonb)]
    pub payload: JsonList<JobReference>,
    #[diesel(sql_type = Integer)]
    pub priority: i32,
    #[diesel(sql_type = Timestamptz)]
    pub run_at: DateTime<Utc>,
    /// With the one that begins now.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Integer)]
    pub max_attempts: i32,
    #[diesel(sql_type = SqlUuid)]
    pub lease_id: Uuid,
}

/// One worker chooses at a time, so that limits of kinds and clinics hold over all of them.
const TURN: &str = "select pg_advisory_xact_lock(hashtext('clinigraph jobs'))";

/// The kinds with their limits are $1 to $3, the time is $4, the number of jobs $5 and the length of the lease $6, in
/// milliseconds. Each kind and priority is looked up by itself, so that neither jobs of the future nor those of a kind or
/// clinic that is at its limit stand before others.
const CLAIM: &str = "
with kinds as (
    select * from unnest($1, $2, $3) as k (kind, at_once, at_once_in_clinic)
), running as (
    select kind, clinic_id, count(*)::int as number from jobs where status = 'running' group by kind, clinic_id
), free as (
    select k.kind, k.at_once_in_clinic,
           k.at_once - coalesce((select sum(number) from running r where r.kind = k.kind), 0)::int as places
      from kinds k
), due as (
    select w.*, f.places, f.at_once_in_clinic
      from free f
     cross join (values (0), (1), (2), (3)) as p (priority)
     cross join lateral (
         select j.clinic_id, j.id, j.kind, j.priority, j.run_at,
                (select coalesce(sum(r.number), 0) from running r where r.kind = f.kind and r.clinic_id = j.clinic_id) as run_now
           from jobs j
          where j.kind = f.kind and j.priority = p.priority and j.status = 'waiting' and j.run_at <= $4 and f.places > 0
            and not exists (select 1 from running r where r.kind = f.kind and r.clinic_id = j.clinic_id and r.number >= f.at_once_in_clinic)
          order by j.run_at, j.id limit $5) as w
), of_clinics as (
    select *, run_now + row_number() over (partition by kind, clinic_id order by priority, run_at, id) as place_in_clinic from due
), of_kinds as (
    select *, row_number() over (partition by kind order by priority, run_at, id) as place
      from of_clinics where place_in_clinic <= at_once_in_clinic
), first as (
    select clinic_id, id from of_kinds where place <= places order by priority, run_at, id limit $5
), chosen as (
    select j.clinic_id, j.id from jobs j join first f on f.clinic_id = j.clinic_id and f.id = j.id
     where j.status = 'waiting' for update of j skip locked
)
update jobs set status = 'running', attempts = jobs.attempts + 1, lease_id = gen_random_uuid(),
                lease_expires_at = clock_timestamp() + $6 * interval '1 millisecond'
  from chosen where jobs.clinic_id = chosen.clinic_id and jobs.id = chosen.id
returning jobs.id, jobs.clinic_id, jobs.kind, jobs.payload, jobs.priority, jobs.run_at, jobs.attempts, jobs.max_attempts, jobs.lease_id";

/// Claims the jobs that start next, at most `number`, in their order.
pub async fn claim(database: &Database, kinds: &[&JobKind], number: usize, lease: Duration) -> Result<Vec<Claimed>> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let at_once: Vec<i32> = kinds.iter().map(|kind| kind.rules.at_once).collect();
    let in_clinic: Vec<i32> = kinds.iter().map(|kind| kind.rules.at_once_in_clinic).collect();
    let mut claimed = database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            sql_query(TURN).execute(&mut tx.conn()?).await?;
            let claim = sql_query(CLAIM)
                .bind::<Array<Text>, _>(&names)
                .bind::<Array<Integer>, _>(&at_once)
                .bind::<Array<Integer>, _>(&in_clinic)
                .bind::<Timestamptz, _>(scope.now())
                .bind::<BigInt, _>(number as i64)
                .bind::<BigInt, _>(milliseconds(lease));
            Ok(claim.load::<Claimed>(&mut tx.conn()?).await?)
        })
        .await?;
    claimed.sort_by_key(|job| (job.priority, job.run_at, job.id));
    Ok(claimed)
}

fn milliseconds(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)
}

/// Renews leases. A row that is locked is being completed, and needs none.
pub async fn renew(database: &Database, leases: &[Uuid], lease: Duration) -> Result<()> {
    database
        .as_system(None, async |scope| {
            let renew = sql_query(
                "update jobs set lease_expires_at = clock_timestamp() + $2 * interval '1 millisecond'
                  where (clinic_id, id) in (select clinic_id, id from jobs where status = 'running' and lease_id = any ($1)
                                               for update skip locked)",
            );
            let renew = renew.bind::<Array<SqlUuid>, _>(leases).bind::<BigInt, _>(milliseconds(lease));
            renew.execute(&mut scope.tx().await?.conn()?).await?;
            Ok(())
        })
        .await
}

/// Ends the claims of workers that have not renewed them, as if the jobs had failed: a job that ends its worker again and
/// again must not run for ever. Returns the number of them.
pub async fn end_expired(database: &Database) -> Result<usize> {
    let expired = database
        .as_system(None, async |scope| {
            let expired = sql_query(
                "select id, clinic_id, kind, payload, priority, run_at, attempts, max_attempts, lease_id from jobs
                  where status = 'running' and lease_expires_at < clock_timestamp() limit 100",
            );
            Ok(expired.load::<Claimed>(&mut scope.tx().await?.conn()?).await?)
        })
        .await?;
    for job in &expired {
        tracing::warn!(job = %Id::<Job>::from_uuid(job.id), kind = job.kind, "the worker of a job has stopped");
        fail(database, job, "the worker stopped before the job was done", Some(TimeDelta::zero())).await?;
    }
    Ok(expired.len())
}

/// Removes a job that is done, in the transaction of what it changes. Fails if the worker does not have the lease any more.
pub async fn complete(scope: &Scope, job: &Claimed) -> Result<()> {
    let done = sql_query("delete from jobs where clinic_id = $1 and id = $2 and lease_id = $3");
    let done = done.bind::<SqlUuid, _>(job.clinic_id).bind::<SqlUuid, _>(job.id).bind::<SqlUuid, _>(job.lease_id);
    match done.execute(&mut scope.tx().await?.conn()?).await? {
        1 => Ok(()),
        _ => Err(Error::unavailable("another worker has taken the job over")),
    }
}

/// Notes that an attempt failed: the job waits for the next one, by default after a pause that grows, or is dead.
pub async fn fail(database: &Database, job: &Claimed, error: &str, pause: Option<TimeDelta>) -> Result<()> {
    let error: String = error.chars().take(1000).collect();
    database
        .as_system(None, async |scope| {
            if job.attempts < job.max_attempts {
                let pause = pause.map_or_else(|| retry::pause(job.attempts), Ok)?;
                return wait(scope, job, scope.now() + pause, job.attempts, Some(&error)).await;
            }
            let dead = sql_query(
                "update jobs set status = 'dead', died_at = $4, last_error = $5, lease_id = null, lease_expires_at = null
                  where clinic_id = $1 and id = $2 and lease_id = $3",
            );
            let dead = dead.bind::<SqlUuid, _>(job.clinic_id).bind::<SqlUuid, _>(job.id);
            let dead = dead.bind::<SqlUuid, _>(job.lease_id).bind::<Timestamptz, _>(scope.now());
            if dead.bind::<Text, _>(&error).execute(&mut scope.tx().await?.conn()?).await? == 1 {
                let clinic = Some(job.clinic_id).filter(|clinic| !clinic.is_nil());
                let died = Event::of(JobEventKind::Died, Id::from_uuid(job.id), clinic);
                died.to(Audience::Platform).changed(DIED.to_vec()).push(scope);
            }
            Ok(())
        })
        .await
}

/// Fields of a job that change when it dies.
const DIED: [&str; 3] = ["status", "lastError", "diedAt"];

/// Gives jobs back that were not finished, with the attempt that was begun.
pub async fn give_back(database: &Database, claimed: &[Arc<Claimed>]) -> Result<()> {
    database
        .as_system(None, async |scope| {
            for job in claimed {
                wait(scope, job, job.run_at, job.attempts - 1, None).await?;
            }
            scope.jobs_are_added();
            Ok(())
        })
        .await
}

/// Lets a claimed job wait again. If one with its key waits already, that one stands for both.
async fn wait(scope: &Scope, job: &Claimed, run_at: DateTime<Utc>, attempts: i32, error: Option<&str>) -> Result<()> {
    let tx = scope.tx().await?;
    let twin = sql_query(
        "delete from jobs j where j.clinic_id = $1 and j.id = $2 and j.lease_id = $3 and exists (
             select 1 from jobs o where o.clinic_id = $1 and o.kind = j.kind and o.key = j.key and o.status = 'waiting')",
    );
    let twin = twin.bind::<SqlUuid, _>(job.clinic_id).bind::<SqlUuid, _>(job.id).bind::<SqlUuid, _>(job.lease_id);
    if twin.execute(&mut tx.conn()?).await? == 1 {
        return Ok(());
    }
    let waits = sql_query(
        "update jobs set status = 'waiting', run_at = $4, attempts = $5, last_error = coalesce($6, last_error),
                         lease_id = null, lease_expires_at = null
          where clinic_id = $1 and id = $2 and lease_id = $3",
    );
    let waits = waits.bind::<SqlUuid, _>(job.clinic_id).bind::<SqlUuid, _>(job.id).bind::<SqlUuid, _>(job.lease_id);
    let waits = waits.bind::<Timestamptz, _>(run_at).bind::<Integer, _>(attempts).bind::<Nullable<Text>, _>(error);
    waits.execute(&mut tx.conn()?).await?;
    Ok(())
}
