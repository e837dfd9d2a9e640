//! Jobs that come again: at a time of the day in each clinic's own time zone, or every few minutes for the platform.
//!
//! The next job of a schedule waits in the table like any other. The worker that adds it notes its time in the same statement
//! (`private.job_schedules`), so that several workers, whose clocks differ, add it once. A day on which the clocks are set
//! has each time of the day once here: what is skipped comes an hour later, and of what comes twice the second counts.

use chrono::{DateTime, NaiveTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Integer, Text, Time, Timestamptz},
};
use diesel_async::RunQueryDsl;

use super::Work;
use crate::kernel::{
    Error, Result,
    db::{Database, Scope},
};

/// When jobs of a kind come.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    pub kind: &'static str,
    priority: i32,
    attempts: i32,
    when: When,
}

#[derive(Debug, Clone, Copy)]
enum When {
    /// In each clinic that is set up or open, at this time there.
    DailyInClinics { hour: u32, minute: u32 },
    /// For the platform, counted from midnight in UTC.
    EveryMinutes(i64),
}

impl Schedule {
    /// Once on each day in each clinic that is set up or open, at this time in its time zone. If no worker ran at that time,
    /// once as soon as one does.
    #[must_use]
    pub const fn daily_in_clinics<W: Work>(hour: u32, minute: u32) -> Self {
        Self::of::<W>(When::DailyInClinics { hour, minute })
    }

    /// For the platform, every few minutes.
    #[must_use]
    pub const fn every_minutes<W: Work>(minutes: i64) -> Self {
        Self::of::<W>(When::EveryMinutes(minutes))
    }

    const fn of<W: Work>(when: When) -> Self {
        const { assert!(W::NAMES.is_empty(), "a schedule gives its jobs no ids") }
        Self { kind: W::KIND, priority: W::RULES.priority as i32, attempts: W::RULES.attempts, when }
    }

    /// The clinics, and the next time after $1 in each.
    const fn times(&self) -> &'static str {
        match self.when {
            When::DailyInClinics { .. } => {
                "select c.id as clinic_id,
                        (select min(day.at)
                           from (select ((($1 at time zone c.timezone)::date + n) + $2::time) at time zone c.timezone as at
                                   from generate_series(0, 2) as n) as day
                          where day.at > $1) as next_at
                   from clinics c where c.deleted_at is null and c.status in ('pending', 'active')"
            }
            When::EveryMinutes(_) => {
                "select '00000000-0000-0000-0000-000000000000'::uuid as clinic_id,
                        date_bin($2 * interval '1 minute', $1, timestamptz '2001-01-01 00:00:00+00') + $2 * interval '1 minute' as next_at"
            }
        }
    }
}

/// A job of the schedule that is due or runs is waited for. One that waits for a later time is moved when the time zone of
/// its clinic or the schedule has changed.
const ADD: &str = "
idle as (
    select t.clinic_id, t.next_at from times t
     where not exists (select 1 from jobs j where j.clinic_id = t.clinic_id and j.kind = $3 and j.key = 'schedule'
                          and j.status = 'waiting' and (j.run_at <= $1 or j.attempts > 0))
       and not exists (select 1 from jobs j where j.clinic_id = t.clinic_id and j.kind = $3 and j.key = 'schedule'
                          and j.status = 'running')
), noted as (
    insert into private.job_schedules as s (clinic_id, kind, next_at) select clinic_id, $3, next_at from idle
    on conflict (clinic_id, kind) do update set next_at = excluded.next_at where s.next_at <> excluded.next_at
    returning clinic_id, next_at
)
insert into jobs as j (id, clinic_id, kind, key, priority, run_at, max_attempts)
select private.uuid_v7(), clinic_id, $3, 'schedule', $4, next_at, $5 from noted
on conflict (clinic_id, kind, key) where status = 'waiting' and key is not null do update set run_at = excluded.run_at";

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

/// Adds the next job of each schedule where none waits.
pub async fn add_next(database: &Database, schedules: &[&Schedule]) -> Result<()> {
    if schedules.is_empty() {
        return Ok(());
    }
    database
        .as_system(None, async |scope| {
            let turn = sql_query("select pg_try_advisory_xact_lock(hashtext('clinigraph job schedules')) as is_ours");
            if !turn.get_result::<Turn>(&mut scope.tx().await?.conn()?).await?.is_ours {
                return Ok(());
            }
            for schedule in schedules {
                add(scope, schedule, scope.now()).await?;
            }
            Ok(())
        })
        .await
}

async fn add(scope: &Scope, schedule: &Schedule, now: DateTime<Utc>) -> Result<()> {
    let tx = scope.tx().await?;
    let add = sql_query(format!("with times as ({}), {ADD}", schedule.times())).bind::<Timestamptz, _>(now);
    let (kind, priority, attempts) = (schedule.kind, schedule.priority, schedule.attempts);
    match schedule.when {
        When::DailyInClinics { hour, minute } => {
            let time = NaiveTime::from_hms_opt(hour, minute, 0);
            let time = time.ok_or_else(|| Error::internal(format!("{hour}:{minute} is no time of a day")))?;
            let add = add.bind::<Time, _>(time).bind::<Text, _>(kind);
            add.bind::<Integer, _>(priority).bind::<Integer, _>(attempts).execute(&mut tx.conn()?).await?;
        }
        When::EveryMinutes(minutes) => {
            let add = add.bind::<BigInt, _>(minutes).bind::<Text, _>(kind);
            add.bind::<Integer, _>(priority).bind::<Integer, _>(attempts).execute(&mut tx.conn()?).await?;
        }
    }
    Ok(())
}
