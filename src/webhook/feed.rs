//! Records a delivery for each event and each endpoint that wants it. The feed reads the events of the relay, which skips none,
//! and its durable position advances in the transaction that records the deliveries: each event is recorded once, however
//! many processes read it and whenever they stop. Only events that somebody wants cost a transaction that writes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::{
    MOST_WAITING, WebhookDelivery, WebhookEndpoint, disable, kinds,
    owner::{COLUMNS, JOINS, Listener},
};
use crate::{
    kernel::{
        Error, Id, Result,
        db::{Database, Scope},
    },
    live::{Hub, Shared},
};

/// Name of the position.
const NAME: &str = "webhooks";
/// How often a position is noted that nothing was recorded at.
const NOTED_EVERY: Duration = Duration::from_secs(60);

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A delivery that is going to be recorded.
#[derive(Serialize)]
struct Row<'a> {
    id: Uuid,
    clinic_id: Uuid,
    endpoint_id: Uuid,
    event_number: i64,
    event_id: &'a str,
    cursor: &'a str,
    kind: String,
    subject_type: &'a str,
    subject_id: Uuid,
    for_user_id: Option<Uuid>,
    changed: &'a [String],
    occurred_at: DateTime<Utc>,
    /// Whether an earlier event of the same object is recorded with it.
    waits: bool,
}

/// Reads events for the endpoints of all clinics.
#[derive(Debug)]
pub struct Feed {
    /// Up to here this process has read; none before it has begun.
    position: Option<i64>,
    noted_at: Instant,
}

impl Default for Feed {
    fn default() -> Self {
        Self { position: None, noted_at: Instant::now() }
    }
}

impl Feed {
    /// Reads on, and records the deliveries of what is new; returns whether there were any.
    pub async fn read_on(&mut self, database: &Database, hub: &Arc<Hub>) -> Result<bool> {
        let mut position = match self.position {
            Some(position) => position,
            None => begin(database, hub).await?,
        };
        let mut has_recorded = false;
        loop {
            let (events, reached) = hub.backlog(position).await?;
            has_recorded |= take(database, &events, reached).await?;
            self.position = Some(reached);
            if reached == position {
                break;
            }
            position = reached;
        }
        if self.noted_at.elapsed() >= NOTED_EVERY {
            database.as_system(None, async |scope| advance(scope, position).await).await?;
            self.noted_at = Instant::now();
        }
        Ok(has_recorded)
    }
}

/// The position so far. The first one is that of the newest event.
async fn begin(database: &Database, hub: &Hub) -> Result<i64> {
    let newest = hub.position().await?;
    let position = database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let add =
                sql_query("insert into private.job_feeds (name, position) values ($1, $2) on conflict do nothing");
            add.bind::<Text, _>(NAME).bind::<BigInt, _>(newest).execute(&mut tx.conn()?).await?;
            locked_position(scope).await
        })
        .await?;
    if let Err(error) = hub.require_retained(position).await {
        tracing::error!(%error, "events were removed before they were recorded for webhooks: no worker ran for days");
    }
    Ok(position.min(newest))
}

async fn locked_position(scope: &Scope) -> Result<i64> {
    let read = sql_query("select position from private.job_feeds where name = $1 for update");
    let found: Position = read.bind::<Text, _>(NAME).get_result(&mut scope.tx().await?.conn()?).await?;
    Ok(found.position)
}

async fn advance(scope: &Scope, position: i64) -> Result<()> {
    let advance = sql_query("update private.job_feeds set position = $2 where name = $1 and position < $2");
    advance.bind::<Text, _>(NAME).bind::<BigInt, _>(position).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

/// The active endpoints of some clinics, with their owners.
async fn listeners(scope: &Scope, clinics: &[Uuid], lock: &str) -> Result<Vec<Listener>> {
    let read = sql_query(format!(
        "select e.clinic_id, e.id, e.event_kinds, e.active_since, {COLUMNS} from webhook_endpoints e {JOINS}
          where e.clinic_id = any ($1) and e.status = 'active' and e.deleted_at is null
          order by e.clinic_id, e.id {lock}"
    ));
    Ok(read.bind::<Array<SqlUuid>, _>(clinics).load(&mut scope.tx().await?.conn()?).await?)
}

/// Records the deliveries of some events, unless another process has; returns whether there were any.
async fn take(database: &Database, events: &[Arc<Shared>], reached: i64) -> Result<bool> {
    let clinics: HashSet<Uuid> = events.iter().filter_map(|shared| shared.event.clinic_id).collect();
    let clinics: Vec<Uuid> = clinics.into_iter().collect();
    if clinics.is_empty() {
        return Ok(false);
    }
    let (recorded, full) = database
        .as_system(None, async |scope| {
            let known = listeners(scope, &clinics, "").await?;
            if !events.iter().any(|shared| known.iter().any(|listener| listener.wants(&shared.event))) {
                return Ok((0, Vec::new()));
            }
            let position = locked_position(scope).await?;
            let new: Vec<_> = events.iter().filter(|shared| shared.event.id > position).collect();
            // Under the lock of their rows nobody else changes what waits for them.
            let known = listeners(scope, &clinics, "for no key update of e").await?;
            let recorded = record(scope, &known, &new).await?;
            advance(scope, reached).await?;
            Ok(recorded)
        })
        .await?;
    for (clinic, endpoint, dropped) in full {
        disable::full(database, clinic, endpoint, dropped).await?;
    }
    Ok(recorded > 0)
}

/// Clinic and id of an endpoint for which too many deliveries wait, and the number of events that were not recorded.
type Full = (Uuid, Id<WebhookEndpoint>, i32);

/// Records what the endpoints want of some events, in their order, as far as each may have more that waits.
async fn record(scope: &Scope, known: &[Listener], events: &[&Arc<Shared>]) -> Result<(usize, Vec<Full>)> {
    let wanted: Vec<_> = events
        .iter()
        .flat_map(|shared| known.iter().filter(|listener| listener.wants(&shared.event)).map(move |to| (shared, to)))
        .collect();
    let endpoints: Vec<Uuid> = wanted.iter().map(|(_, listener)| listener.id).collect();
    let mut waiting = waiting(scope, known, &endpoints).await?;
    let mut dropped: HashMap<Uuid, (Uuid, i32)> = HashMap::new();
    let mut objects = HashSet::new();
    let mut rows = Vec::new();
    for (shared, listener) in wanted {
        let event = &shared.event;
        let number = waiting.entry(listener.id).or_default();
        if *number >= MOST_WAITING {
            dropped.entry(listener.id).or_insert((listener.clinic_id, 0)).1 += 1;
            continue;
        }
        *number += 1;
        rows.push(Row {
            id: Id::<WebhookDelivery>::new().uuid(),
            clinic_id: listener.clinic_id,
            endpoint_id: listener.id,
            event_number: event.id,
            event_id: &shared.id,
            cursor: &shared.cursor,
            kind: kinds::name(&event.topic, &event.kind),
            subject_type: &event.topic,
            subject_id: event.subject_id,
            for_user_id: event.user_id,
            changed: &event.changed,
            occurred_at: event.at,
            waits: !objects.insert((listener.id, event.subject_id)),
        });
    }
    if !rows.is_empty() {
        insert(scope, &rows).await?;
    }
    let full = dropped.into_iter().map(|(id, (clinic, number))| (clinic, Id::from_uuid(id), number)).collect();
    Ok((rows.len(), full))
}

/// How many deliveries wait for each endpoint.
async fn waiting(scope: &Scope, known: &[Listener], endpoints: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let clinics: HashSet<Uuid> = known.iter().map(|listener| listener.clinic_id).collect();
    let clinics: Vec<Uuid> = clinics.into_iter().collect();
    let count = sql_query(
        "select endpoint_id, count(*) as number from webhook_deliveries
          where clinic_id = any ($1) and endpoint_id = any ($2) and status = 'pending' group by endpoint_id",
    );
    let count = count.bind::<Array<SqlUuid>, _>(clinics).bind::<Array<SqlUuid>, _>(endpoints);
    let rows: Vec<Waiting> = count.load(&mut scope.tx().await?.conn()?).await?;
    Ok(rows.into_iter().map(|row| (row.endpoint_id, row.number)).collect())
}

async fn insert(scope: &Scope, rows: &[Row<'_>]) -> Result<()> {
    let rows = serde_json::to_value(rows).map_err(Error::internal)?;
    let insert = sql_query(
        "insert into webhook_deliveries (id, clinic_id, endpoint_id, event_number, event_id, cursor, kind, subject_type,
                                         subject_id, for_user_id, changed, occurred_at, created_at, next_attempt_at)
         select r.id, r.clinic_id, r.endpoint_id, r.event_number, r.event_id, r.cursor, r.kind, r.subject_type, r.subject_id,
                r.for_user_id, array(select jsonb_array_elements_text(r.changed)), r.occurred_at, $2,
                case when not r.waits and not exists (
                              select 1 from webhook_deliveries p
                               where p.clinic_id = r.clinic_id and p.endpoint_id = r.endpoint_id
                                 and p.subject_id = r.subject_id and p.status = 'pending')
                     then $2 end
           from jsonb_to_recordset($1) as r (id uuid, clinic_id uuid, endpoint_id uuid, event_number bigint, event_id text,
                    cursor text, kind text, subject_type text, subject_id uuid, for_user_id uuid, changed jsonb,
                    occurred_at timestamptz, waits boolean)
         on conflict do nothing",
    );
    insert.bind::<Jsonb, _>(rows).bind::<Timestamptz, _>(scope.now()).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}
