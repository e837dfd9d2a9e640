//! The relay, one per process. It reads the outbox in the order of ids and publishes each event that can have no unread
//! event before it (`order.rs`). It is woken at once by the commits of its own process, by other processes through a
//! notification that their relays send while another process listens (never in a user's transaction: its commit would
//! take a lock on the whole database), and once a second in any case. The same notification wakes the workers of other
//! processes when jobs were added.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;
use uuid::Uuid;

use super::{
    hub::{COLUMNS, Hub, OutboxEvent, PAGE},
    order::{Order, Writer},
};
use crate::{
    kernel::{
        Error, Result,
        db::{Address, connect},
    },
    schema::outbox_events,
};

/// Channel on which relays notify other processes of new events.
pub const CHANNEL: &str = "clinigraph_events";
/// Longest pause between two readings.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Pause before a gap is checked again: a transaction that was rolled back wakes nobody.
const DOUBT: Duration = Duration::from_millis(5);

/// Shortest pause between two readings: the commits of a busy moment are read, and other processes notified of them,
/// together. A single commit does not wait.
const PACE: Duration = Duration::from_millis(5);
/// Pause for each event of the last reading, so that more commits share a reading the busier it is; at most
/// `SLOWEST_PACE`.
const PACE_OF_EACH: Duration = Duration::from_micros(500);
const SLOWEST_PACE: Duration = Duration::from_millis(20);

/// Advisory lock that the listeners of all processes share, so that a process that is alone sends no notification.
pub const LISTENERS: i32 = 0x6c69_7665;

/// Relays for ever; failures are logged and tried again after growing pauses.
pub async fn relay(hub: Arc<Hub>, server_url: String) {
    let notified = Notify::new();
    let me = Uuid::now_v7().to_string();
    tokio::join!(listen(&server_url, &me, &notified), read_for_ever(&hub, &server_url, &me, &notified), hub.guard());
}

async fn read_for_ever(hub: &Hub, url: &str, me: &str, notified: &Notify) {
    let mut pause = Duration::from_millis(100);
    let mut order = None;
    loop {
        if let Err(error) = read_on(hub, url, me, notified, &mut order, &mut pause).await {
            tracing::warn!(%error, pause_ms = pause.as_millis(), "the relay lost its connection");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn read_on(
    hub: &Hub,
    url: &str,
    me: &str,
    notified: &Notify,
    order: &mut Option<Order>,
    pause: &mut Duration,
) -> Result<()> {
    let mut connection = connect(url).await?;
    // A notification takes a transaction id and a commit; losing one in a crash loses no event.
    connection
        .batch_execute(
            "set role clinigraph_system; set application_name = 'clinigraph relay'; set jit = off; \
             set synchronous_commit = off",
        )
        .await?;
    let order = match order {
        Some(order) => order,
        None => order.insert(Order::behind(begin(&mut connection).await?)),
    };
    hub.publish(Vec::new(), order.position()).await;
    *pause = Duration::from_millis(100);
    let notify = format!("notify {CHANNEL}, '{me}'");
    let mut ours = false;
    let mut others = Others::default();
    // Most gaps are filled by a commit that is under way; only for one that stays are the writers looked up.
    let mut gap_since = None::<Instant>;
    loop {
        if order.is_in_doubt() {
            order.update_writers(&writers(&mut connection).await?);
        }
        let read_at = Instant::now();
        let notifies = ours && others.listen(&mut connection).await?;
        let mut events = read(&connection, order.position(), notifies.then_some(&notify)).await?;
        let found = events.len();
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        events.truncate(order.advance(&ids));
        let published = events.len();
        if published > 0 {
            hub.publish(events, order.position()).await;
        }
        ours = false;
        if published == found {
            gap_since = None;
        } else if published > 0 || gap_since.is_none() {
            gap_since = Some(Instant::now());
        } else if !order.is_in_doubt() && gap_since.is_some_and(|since| since.elapsed() >= DOUBT) {
            let upto = ids.last().copied().unwrap_or_default();
            order.suspect(upto, writers(&mut connection).await?);
            continue;
        }
        if found as i64 == PAGE && published > 0 {
            continue;
        }
        let pause = if gap_since.is_some() { DOUBT } else { LONGEST_PAUSE };
        ours = tokio::select! {
            () = hub.database.events_committed().notified() => true,
            () = notified.notified() => {
                // Others notify of jobs in the same way.
                hub.database.jobs_added().notify_one();
                false
            }
            () = tokio::time::sleep(pause) => false,
        };
        let pace = (PACE_OF_EACH * found as u32).clamp(PACE, SLOWEST_PACE);
        tokio::time::sleep_until((read_at + pace).into()).await;
        // The commits of the pause are read now as well.
        ours |= hub.database.events_committed().notified().now_or_never().is_some();
        if notified.notified().now_or_never().is_some() {
            hub.database.jobs_added().notify_one();
        }
    }
}

/// Whether other processes listen, as of the last check.
#[derive(Default)]
struct Others {
    checked: Option<Instant>,
    listen: bool,
}

impl Others {
    /// Checked once a second at most: a process that starts meanwhile finds the events by its own longest pause. One of
    /// the listeners is this process's own.
    async fn listen(&mut self, connection: &mut AsyncPgConnection) -> Result<bool> {
        if self.checked.is_none_or(|checked| checked.elapsed() >= LONGEST_PAUSE) {
            let listeners = sql_query(format!(
                "select count(*) as number from pg_locks
                 where locktype = 'advisory' and objid = {LISTENERS} and objsubid = 1 and granted
                   and database = (select oid from pg_database where datname = current_database())"
            ));
            self.listen = listeners.get_result::<Number>(connection).await?.number > 1;
            self.checked = Some(Instant::now());
        }
        Ok(self.listen)
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Where to begin: behind the newest event that has no unfinished transaction before it.
async fn begin(connection: &mut AsyncPgConnection) -> Result<i64> {
    let last = "select coalesce(pg_sequence_last_value('outbox_events_id_seq'::regclass), 0)";
    let drawn = sql_query(format!("{last} as number")).get_result::<Number>(connection).await?.number;
    let mut unfinished = writers(connection).await?;
    while !unfinished.is_empty() {
        tokio::time::sleep(DOUBT).await;
        let writers = writers(connection).await?;
        unfinished.retain(|writer| writers.contains(writer));
    }
    let known = outbox_events::table.filter(outbox_events::id.le(drawn)).select(diesel::dsl::max(outbox_events::id));
    Ok(known.first::<Option<i64>>(connection).await?.unwrap_or_default())
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    writer: Writer,
}

/// The transactions that may have drawn an id and have not ended.
async fn writers(connection: &mut AsyncPgConnection) -> Result<HashSet<Writer>> {
    let holders = sql_query(
        "select virtualtransaction as writer from pg_locks
         where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
           and database = (select oid from pg_database where datname = current_database())
           and relation = 'outbox_events'::regclass",
    );
    Ok(holders.load::<Holder>(connection).await?.into_iter().map(|holder| holder.writer).collect())
}

/// Reads on, and notifies other processes with the same message where asked to: one notification for any number of
/// commits.
async fn read(connection: &AsyncPgConnection, position: i64, notify: Option<&String>) -> Result<Vec<OutboxEvent>> {
    let sent = async {
        if let Some(notify) = notify {
            let mut on = connection;
            on.batch_execute(notify).await?;
        }
        Ok::<_, Error>(())
    };
    let events = async {
        let events = outbox_events::table.filter(outbox_events::id.gt(position)).order(outbox_events::id);
        let mut on = connection;
        Ok::<_, Error>(events.limit(PAGE).select(COLUMNS).load(&mut on).await?)
    };
    // In this order on the wire, and one wait for both.
    let (sent, events) = tokio::join!(sent, events);
    sent?;
    events
}

/// Listens on a connection of its own; what it misses while that is down is found by the longest pause.
async fn listen(url: &str, me: &str, notified: &Notify) {
    let mut pause = Duration::from_millis(100);
    loop {
        match listen_once(url, me, notified, &mut pause).await {
            Ok(()) => tracing::warn!("the listener's connection was closed"),
            Err(error) => tracing::warn!(%error, "the listener lost its connection"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn listen_once(url: &str, me: &str, notified: &Notify, pause: &mut Duration) -> Result<()> {
    let address: Address = url.parse()?;
    let (client, mut connection) = address.connect().await?;
    let messages = stream::poll_fn(move |context| connection.poll_message(context));
    let mut messages = std::pin::pin!(messages);
    let begin = format!(
        "set application_name = 'clinigraph listener'; listen {CHANNEL}; select pg_advisory_lock_shared({LISTENERS})"
    );
    let begun = client.batch_execute(&begin);
    let mut begun = std::pin::pin!(begun);
    loop {
        tokio::select! {
            begun = &mut begun => {
                begun.map_err(Error::unavailable)?;
                *pause = Duration::from_millis(100);
                notified.notify_one();
                break;
            }
            message = messages.next() => on_message(message, me, notified)?,
        }
    }
    loop {
        match messages.next().await {
            None => return Ok(()),
            message => on_message(message, me, notified)?,
        }
    }
}

fn on_message(message: Option<Result<AsyncMessage, tokio_postgres::Error>>, me: &str, notified: &Notify) -> Result<()> {
    match message {
        // A notification of this very process.
        Some(Ok(AsyncMessage::Notification(notification))) if notification.payload() == me => {}
        Some(Ok(AsyncMessage::Notification(_))) => notified.notify_one(),
        Some(Ok(_)) => {}
        Some(Err(error)) => return Err(Error::unavailable(error)),
        None => return Err(Error::unavailable("the connection was closed")),
    }
    Ok(())
}
