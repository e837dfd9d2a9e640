//! Which deliveries are sent next, and what becomes of those that were sent.
//!
//! A claim moves the next attempt into the future: if the process stops, the delivery is due again then. The number of the attempt
//! names the claim, so that a process that was taken for dead notes nothing any more. Of the deliveries about one object only
//! the first has a time; the others get one when all before them have ended.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::{
    WebhookAttempt, WebhookDelivery, WebhookDeliveryReason, WebhookEndpoint,
    owner::{COLUMNS, JOINS, Owner},
};
use crate::kernel::{
    Error, Id, Result,
    db::{Database, Scope},
};

/// Longest time of an attempt, behind which another process takes the delivery over.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);
/// Deliveries to one endpoint that a process sends at once.
pub const AT_ONCE_TO_ENDPOINT: usize = 8;

/// A delivery that is sent now.
#[derive(Debug, Clone, QueryableByName)]
pub struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    pub id: Id<WebhookDelivery>,
    #[diesel(sql_type = SqlUuid)]
    pub clinic_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub endpoint_id: Id<WebhookEndpoint>,
    #[diesel(sql_type = BigInt)]
    pub event_number: i64,
    #[diesel(sql_type = Text)]
    pub event_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub cursor: Option<String>,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub subject_type: String,
    #[diesel(sql_type = SqlUuid)]
    pub subject_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub for_user_id: Option<Uuid>,
    #[diesel(sql_type = Array<Text>)]
    pub changed: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    pub occurred_at: DateTime<Utc>,
    /// With the attempt that begins now.
    #[diesel(sql_type = Integer)]
    pub attempt_count: i32,
}

/// Where deliveries go.
#[derive(Debug, Clone, QueryableByName)]
pub struct Target {
    #[diesel(sql_type = SqlUuid)]
    pub id: Id<WebhookEndpoint>,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub query: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    pub secret_enc: Vec<u8>,
    #[diesel(sql_type = Nullable<diesel::sql_types::Binary>)]
    pub previous_secret_enc: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub previous_secret_until: Option<DateTime<Utc>>,
    #[diesel(embed)]
    pub owner: Owner,
}

/// The time is $1, the number of deliveries $2, the time of the lease $3, and the endpoints that are sent to are $4 with the
/// numbers of deliveries on their way, $5. A test is sent whatever the status of its endpoint.
const CLAIM: &str = "
with busy as (
    select * from unnest($4, $5) as b (endpoint_id, number)
), due as (
    select w.clinic_id, w.id, w.next_attempt_at,
           coalesce(b.number, 0) + row_number() over (partition by e.clinic_id, e.id order by w.next_attempt_at, w.event_number) as place
      from webhook_endpoints e
      left join busy b on b.endpoint_id = e.id
     cross join lateral (
         select d.clinic_id, d.id, d.next_attempt_at, d.event_number
           from webhook_deliveries d
          where d.clinic_id = e.clinic_id and d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at <= $1
            and (e.status = 'active' or d.event_number = 0)
          order by d.next_attempt_at limit $6) as w
     where e.deleted_at is null
), first as (
    select clinic_id, id from due where place <= $6 order by next_attempt_at limit $2
), chosen as (
    select d.clinic_id, d.id from webhook_deliveries d join first f on f.clinic_id = d.clinic_id and f.id = d.id
     where d.status = 'pending' and d.next_attempt_at <= $1 for update of d skip locked
)
update webhook_deliveries d set attempt_count = d.attempt_count + 1, next_attempt_at = $3
  from chosen c where d.clinic_id = c.clinic_id and d.id = c.id
returning d.id, d.clinic_id, d.endpoint_id, d.event_number, d.event_id, d.cursor, d.kind, d.subject_type, d.subject_id,
          d.for_user_id, d.changed, d.occurred_at, d.attempt_count";

/// Claims what is due, at most `number`, with where it goes.
pub async fn claim(
    database: &Database,
    number: usize,
    busy: &HashMap<Id<WebhookEndpoint>, usize>,
) -> Result<Vec<(Claimed, Target)>> {
    let (endpoints, numbers): (Vec<Uuid>, Vec<i32>) =
        busy.iter().map(|(id, number)| (id.uuid(), i32::try_from(*number).unwrap_or(i32::MAX))).unzip();
    database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let now = scope.now();
            let claim = sql_query(CLAIM)
                .bind::<Timestamptz, _>(now)
                .bind::<BigInt, _>(number as i64)
                .bind::<Timestamptz, _>(now + LEASE)
                .bind::<Array<SqlUuid>, _>(&endpoints)
                .bind::<Array<Integer>, _>(&numbers)
                .bind::<BigInt, _>(AT_ONCE_TO_ENDPOINT as i64);
            let mut claimed: Vec<Claimed> = claim.load(&mut tx.conn()?).await?;
            if claimed.is_empty() {
                return Ok(Vec::new());
            }
            claimed.sort_by_key(|delivery| (delivery.event_number, delivery.id.uuid()));
            let targets = targets(scope, &claimed).await?;
            let with_target = |delivery: Claimed| {
                let target = targets.get(&delivery.endpoint_id)?.clone();
                Some((delivery, target))
            };
            Ok(claimed.into_iter().filter_map(with_target).collect())
        })
        .await
}

async fn targets(scope: &Scope, claimed: &[Claimed]) -> Result<HashMap<Id<WebhookEndpoint>, Target>> {
    let (clinics, endpoints): (Vec<Uuid>, Vec<Uuid>) =
        claimed.iter().map(|delivery| (delivery.clinic_id, delivery.endpoint_id.uuid())).unzip();
    let read = sql_query(format!(
        "select e.id, e.url, e.query, e.secret_enc, e.previous_secret_enc, e.previous_secret_until, {COLUMNS}
           from webhook_endpoints e {JOINS}
          where e.clinic_id = any ($1) and e.id = any ($2)"
    ));
    let read = read.bind::<Array<SqlUuid>, _>(clinics).bind::<Array<SqlUuid>, _>(endpoints);
    let targets: Vec<Target> = read.load(&mut scope.tx().await?.conn()?).await?;
    Ok(targets.into_iter().map(|target| (target.id, target)).collect())
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub enum Outcome {
    Delivered(WebhookAttempt),
    /// There is another attempt at this time.
    Retried(WebhookAttempt, DateTime<Utc>),
    GivenUp(WebhookAttempt, WebhookDeliveryReason),
    /// Nothing was sent.
    Skipped(WebhookDeliveryReason),
    /// Nothing was sent, as the server could not; it tries again at this time, which is no attempt.
    Postponed(DateTime<Utc>),
}

/// What is noted of an attempt.
#[derive(Serialize)]
struct Noted<'a> {
    clinic_id: Uuid,
    id: Uuid,
    attempt_count: i32,
    status: &'static str,
    reason: Option<&'static str>,
    attempts: Vec<&'a WebhookAttempt>,
    next_attempt_at: Option<DateTime<Utc>>,
    is_over: bool,
    is_postponed: bool,
}

impl<'a> Noted<'a> {
    fn of(delivery: &Claimed, outcome: &'a Outcome) -> Self {
        let (status, reason, attempt, next) = match outcome {
            Outcome::Delivered(attempt) => ("delivered", None, Some(attempt), None),
            Outcome::Retried(attempt, next) => ("pending", None, Some(attempt), Some(*next)),
            Outcome::GivenUp(attempt, reason) => ("failed", Some(*reason), Some(attempt), None),
            Outcome::Skipped(reason) => ("skipped", Some(*reason), None, None),
            Outcome::Postponed(next) => ("pending", None, None, Some(*next)),
        };
        Self {
            clinic_id: delivery.clinic_id,
            id: delivery.id.uuid(),
            attempt_count: delivery.attempt_count,
            status,
            reason: reason.map(WebhookDeliveryReason::text),
            attempts: attempt.into_iter().collect(),
            next_attempt_at: next,
            is_over: status != "pending",
            is_postponed: matches!(outcome, Outcome::Postponed(_)),
        }
    }
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Id<WebhookDelivery>,
}

/// Notes what came of several attempts; returns the deliveries for which this process still had the claim.
pub async fn note(scope: &Scope, sent: &[(Claimed, Outcome)]) -> Result<Vec<Id<WebhookDelivery>>> {
    let tx = scope.tx().await?;
    let noted: Vec<_> = sent.iter().map(|(delivery, outcome)| Noted::of(delivery, outcome)).collect();
    let noted = serde_json::to_value(noted).map_err(Error::internal)?;
    let note = sql_query(
        "update webhook_deliveries d
            set status = r.status, reason = r.reason, next_attempt_at = r.next_attempt_at,
                attempt_count = d.attempt_count - case when r.is_postponed then 1 else 0 end,
                finished_at = case when r.is_over then $2 end,
                attempts = case when jsonb_array_length(d.attempts) >= 20 then d.attempts - 0 else d.attempts end || r.attempts
           from jsonb_to_recordset($1) as r (clinic_id uuid, id uuid, attempt_count integer, status text, reason text,
                    attempts jsonb, next_attempt_at timestamptz, is_over boolean, is_postponed boolean)
          where d.clinic_id = r.clinic_id and d.id = r.id and d.status = 'pending' and d.attempt_count = r.attempt_count
         returning d.id",
    );
    let note = note.bind::<Jsonb, _>(noted).bind::<Timestamptz, _>(scope.now());
    let written: Vec<Written> = note.load(&mut tx.conn()?).await?;
    release(scope, sent).await?;
    Ok(written.into_iter().map(|row| row.id).collect())
}

/// Lets what waits for ended deliveries be sent.
async fn release(scope: &Scope, sent: &[(Claimed, Outcome)]) -> Result<()> {
    let (mut clinics, mut endpoints, mut subjects) = (Vec::new(), Vec::new(), Vec::new());
    for (delivery, outcome) in sent {
        if !matches!(outcome, Outcome::Retried(..) | Outcome::Postponed(_)) {
            clinics.push(delivery.clinic_id);
            endpoints.push(delivery.endpoint_id.uuid());
            subjects.push(delivery.subject_id);
        }
    }
    if clinics.is_empty() {
        return Ok(());
    }
    let release = sql_query(
        "update webhook_deliveries d set next_attempt_at = $4
           from (select distinct clinic_id, endpoint_id, subject_id
                   from unnest($1, $2, $3) as x (clinic_id, endpoint_id, subject_id)) as x
          cross join lateral (
              select n.clinic_id, n.id from webhook_deliveries n
               where n.clinic_id = x.clinic_id and n.endpoint_id = x.endpoint_id and n.subject_id = x.subject_id
                 and n.status = 'pending'
               order by n.event_number limit 1) as n
          where d.clinic_id = n.clinic_id and d.id = n.id and d.next_attempt_at is null",
    );
    let release = release
        .bind::<Array<SqlUuid>, _>(clinics)
        .bind::<Array<SqlUuid>, _>(endpoints)
        .bind::<Array<SqlUuid>, _>(subjects)
        .bind::<Timestamptz, _>(scope.now());
    release.execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}
