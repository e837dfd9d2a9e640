//! Jobs that events start. Each starter has a durable position among the events (`private.job_feeds`), which advances in the
//! transaction that adds the jobs: each event starts its jobs once, however many workers read it and whenever they stop.
//!
//! Events come from the relay of the process, which skips none (`live/order.rs`). Only an event that starts something costs a
//! transaction; the positions of the others are noted now and then, so that a worker that begins need not read them again.

use std::{sync::Arc, time::Duration};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Text},
};
use diesel_async::RunQueryDsl;
use tokio::time::Instant;
use uuid::Uuid;

use super::{NewJob, enqueue};
use crate::{
    kernel::{
        Result,
        db::{Database, Scope},
        events::Topic,
    },
    live::{Hub, OutboxEvent, Shared},
};

/// Which events start jobs, and which jobs.
#[derive(Debug, Clone, Copy)]
pub struct Starter {
    /// Name of the position. A starter with a new name begins with the events from then on.
    pub name: &'static str,
    pub topic: &'static Topic,
    /// Whether events of this kind start something.
    pub wants: fn(&str) -> bool,
    /// The job that an event starts.
    pub start: fn(Subject) -> NewJob,
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    pub id: Uuid,
    /// Nil for the platform.
    pub clinic: Uuid,
}

impl Starter {
    fn starts(&self, event: &OutboxEvent) -> bool {
        event.topic == self.topic.name && (self.wants)(&event.kind)
    }
}

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

/// How often a position is noted that nothing was started at.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Reads events for all starters of a worker.
#[derive(Debug)]
pub struct Feed {
    starters: Vec<&'static Starter>,
    /// Up to here this worker has read for all starters; none before it has begun.
    position: Option<i64>,
    noted_at: Instant,
}

impl Feed {
    pub fn new(starters: Vec<&'static Starter>) -> Self {
        Self { starters, position: None, noted_at: Instant::now() }
    }

    /// Reads on, and adds the jobs that the events start; returns whether there were any.
    pub async fn read_on(&mut self, database: &Database, hub: &Arc<Hub>) -> Result<bool> {
        if self.starters.is_empty() {
            return Ok(false);
        }
        let mut has_started = false;
        let mut position = match self.position {
            Some(position) => position,
            None => self.begin(database, hub).await?,
        };
        loop {
            let (events, reached) = hub.backlog(position).await?;
            for starter in &self.starters {
                let starting: Vec<_> = events.iter().filter(|shared| starter.starts(&shared.event)).collect();
                if !starting.is_empty() {
                    start(database, starter, &starting, reached).await?;
                    has_started = true;
                }
            }
            self.position = Some(reached);
            if reached == position {
                break;
            }
            position = reached;
        }
        if self.noted_at.elapsed() >= NOTED_EVERY {
            self.note(database, position).await?;
        }
        Ok(has_started)
    }

    fn names(&self) -> Vec<&'static str> {
        self.starters.iter().map(|starter| starter.name).collect()
    }

    /// The lowest position of the starters. New ones begin at the newest event.
    async fn begin(&self, database: &Database, hub: &Hub) -> Result<i64> {
        let newest = hub.position().await?;
        let names = self.names();
        let lowest = database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let add = sql_query(
                    "insert into private.job_feeds (name, position) select name, $2 from unnest($1) as name on conflict do nothing",
                );
                add.bind::<Array<Text>, _>(&names).bind::<BigInt, _>(newest).execute(&mut tx.conn()?).await?;
                let lowest = sql_query("select coalesce(min(position), 0) as position from private.job_feeds where name = any ($1)");
                Ok(lowest.bind::<Array<Text>, _>(&names).get_result::<Position>(&mut tx.conn()?).await?.position)
            })
            .await?;
        if let Err(error) = hub.require_retained(lowest).await {
            tracing::error!(%error, "events were removed before jobs were started from them: no worker ran for days");
        }
        Ok(lowest.min(newest))
    }

    /// All events up to the position have started what they start.
    async fn note(&mut self, database: &Database, position: i64) -> Result<()> {
        let names = self.names();
        database
            .as_system(None, async |scope| {
                let note =
                    sql_query("update private.job_feeds set position = $2 where name = any ($1) and position < $2");
                let note = note.bind::<Array<Text>, _>(&names).bind::<BigInt, _>(position);
                note.execute(&mut scope.tx().await?.conn()?).await?;
                Ok(())
            })
            .await?;
        self.noted_at = Instant::now();
        Ok(())
    }
}

/// Adds the jobs of those events that nobody has started yet.
async fn start(database: &Database, starter: &Starter, events: &[&Arc<Shared>], reached: i64) -> Result<()> {
    database
        .as_system(None, async |scope: &Scope| {
            let tx = scope.tx().await?;
            let position = sql_query("select position from private.job_feeds where name = $1 for update");
            let position =
                position.bind::<Text, _>(starter.name).get_result::<Position>(&mut tx.conn()?).await?.position;
            let new = events.iter().filter(|shared| shared.event.id > position).map(|shared| {
                let event = &shared.event;
                (starter.start)(Subject { id: event.subject_id, clinic: event.clinic_id.unwrap_or_default() })
            });
            for job in enqueue::without_repeats(new) {
                job.enqueue(scope).await?;
            }
            if reached > position {
                let advance = sql_query("update private.job_feeds set position = $2 where name = $1");
                let advance = advance.bind::<Text, _>(starter.name).bind::<BigInt, _>(reached);
                advance.execute(&mut tx.conn()?).await?;
            }
            Ok(())
        })
        .await
}
