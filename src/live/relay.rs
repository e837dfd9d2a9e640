//! The relay: one a process. It reads the outbox in the order of ids and hands on what can have nothing before it any
//! more (`order.rs`). It is woken by the commits of its own process at once, by other processes through a notification
//! that their relays send if anybody else listens (never a user's transaction: its commit would take a lock on the whole
//! database), and by the clock once a second in any case.

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
use tokio_postgres::{AsyncMessage, NoTls};
use uuid::Uuid;

use super::{
    hub::{COLUMNS, Happened, Hub, PAGE},
    order::{Order, Writer},
};
use crate::{
    kernel::{Error, Result, db::connect},
    schema::outbox_events,
};

/// On which relays tell other processes that there is something to read.
pub const CHANNEL: &str = "clinigraph_events";
/// What wakes it when nothing else does.
const FLOOR: Duration = Duration::from_secs(1);
/// A gap is looked at again after so long: a transaction that was given up rings no bell.
const DOUBT: Duration = Duration::from_millis(5);

/// It reads no more often than that: commits of a busy moment are read, and other processes told of them, together. What
/// comes alone does not wait.
const PACE: Duration = Duration::from_millis(5);
/// The busier, the more come together: so long it waits for each event that it has just read, within bounds.
const PACE_OF_EACH: Duration = Duration::from_micros(500);
const SLOWEST_PACE: Duration = Duration::from_millis(20);

/// The lock that everybody who listens holds together with the others, so that whoever is alone tells nobody.
pub const LISTENERS: i32 = 0x6c69_7665;

/// Relays for ever; failures are logged and tried again after growing pauses.
pub async fn relay(hub: Arc<Hub>, server_url: String) {
    let heard = Notify::new();
    let me = Uuid::now_v7().to_string();
    tokio::join!(hear(&server_url, &me, &heard), read_for_ever(&hub, &server_url, &me, &heard), hub.guard());
}

async fn read_for_ever(hub: &Hub, url: &str, me: &str, heard: &Notify) {
    let mut pause = Duration::from_millis(100);
    let mut order = None;
    loop {
        if let Err(error) = read_on(hub, url, me, heard, &mut order, &mut pause).await {
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
    heard: &Notify,
    order: &mut Option<Order>,
    pause: &mut Duration,
) -> Result<()> {
    let mut connection = connect(url).await?;
    // A notification takes a number and a commit; nothing is lost when a crash takes it back.
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
    hub.take_in(Vec::new(), order.place()).await;
    *pause = Duration::from_millis(100);
    let notify = format!("notify {CHANNEL}, '{me}'");
    let mut ours = false;
    let mut others = Others::default();
    // Most gaps are filled by a commit that is under way; only one that stays is worth a look at who writes.
    let mut gap_since = None::<Instant>;
    loop {
        if order.is_in_doubt() {
            order.look(&writers(&mut connection).await?);
        }
        let read_at = Instant::now();
        let tells = ours && others.listen(&mut connection).await?;
        let mut events = read(&connection, order.place(), tells.then_some(&notify)).await?;
        let found = events.len();
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        events.truncate(order.pass(&ids));
        let passed = events.len();
        if passed > 0 {
            hub.take_in(events, order.place()).await;
        }
        ours = false;
        if passed == found {
            gap_since = None;
        } else if passed > 0 || gap_since.is_none() {
            gap_since = Some(Instant::now());
        } else if !order.is_in_doubt() && gap_since.is_some_and(|since| since.elapsed() >= DOUBT) {
            let upto = ids.last().copied().unwrap_or_default();
            order.suspect(upto, writers(&mut connection).await?);
            continue;
        }
        if found as i64 == PAGE && passed > 0 {
            continue;
        }
        let floor = if gap_since.is_some() { DOUBT } else { FLOOR };
        ours = tokio::select! {
            () = hub.database.told().notified() => true,
            () = heard.notified() => false,
            () = tokio::time::sleep(floor) => false,
        };
        let pace = (PACE_OF_EACH * found as u32).clamp(PACE, SLOWEST_PACE);
        tokio::time::sleep_until((read_at + pace).into()).await;
        // Whoever rang meanwhile is read now as well.
        ours |= hub.database.told().notified().now_or_never().is_some();
        heard.notified().now_or_never();
    }
}

/// Whether other processes listen, as far as it was looked at.
#[derive(Default)]
struct Others {
    looked: Option<Instant>,
    listen: bool,
}

impl Others {
    /// Looked at once a second at most: whoever begins meanwhile finds by the clock what they are not told. One listener is
    /// this process's own, or stands for it while that is down.
    async fn listen(&mut self, connection: &mut AsyncPgConnection) -> Result<bool> {
        if self.looked.is_none_or(|looked| looked.elapsed() >= FLOOR) {
            let listeners = sql_query(format!(
                "select count(*) as number from pg_locks
                 where locktype = 'advisory' and objid = {LISTENERS} and objsubid = 1 and granted
                   and database = (select oid from pg_database where datname = current_database())"
            ));
            self.listen = listeners.get_result::<Number>(connection).await?.number > 1;
            self.looked = Some(Instant::now());
        }
        Ok(self.listen)
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Where to begin: behind the newest event that has nothing unfinished before it.
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

/// The transactions that may have drawn an id and not ended.
async fn writers(connection: &mut AsyncPgConnection) -> Result<HashSet<Writer>> {
    let holders = sql_query(
        "select virtualtransaction as writer from pg_locks
         where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
           and database = (select oid from pg_database where datname = current_database())
           and relation = 'outbox_events'::regclass",
    );
    Ok(holders.load::<Holder>(connection).await?.into_iter().map(|holder| holder.writer).collect())
}

/// Reads on, and tells other processes on the way, when there is something to tell: one notification for however many
/// commits.
async fn read(connection: &AsyncPgConnection, place: i64, notify: Option<&String>) -> Result<Vec<Happened>> {
    let told = async {
        if let Some(notify) = notify {
            let mut on = connection;
            on.batch_execute(notify).await?;
        }
        Ok::<_, Error>(())
    };
    let events = async {
        let events = outbox_events::table.filter(outbox_events::id.gt(place)).order(outbox_events::id);
        let mut on = connection;
        Ok::<_, Error>(events.limit(PAGE).select(COLUMNS).load(&mut on).await?)
    };
    // In this order on the wire, and one wait for both.
    let (told, events) = tokio::join!(told, events);
    told?;
    events
}

/// Listens on a connection of its own; whatever it misses while that is down, the clock finds.
async fn hear(url: &str, me: &str, heard: &Notify) {
    let mut pause = Duration::from_millis(100);
    loop {
        match listen(url, me, heard, &mut pause).await {
            Ok(()) => tracing::warn!("the listener's connection was closed"),
            Err(error) => tracing::warn!(%error, "the listener lost its connection"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn listen(url: &str, me: &str, heard: &Notify, pause: &mut Duration) -> Result<()> {
    let config: tokio_postgres::Config = url.parse().map_err(Error::internal)?;
    let (client, mut connection) = config.connect(NoTls).await.map_err(Error::unavailable)?;
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
                heard.notify_one();
                break;
            }
            message = messages.next() => on_message(message, me, heard)?,
        }
    }
    loop {
        match messages.next().await {
            None => return Ok(()),
            message => on_message(message, me, heard)?,
        }
    }
}

fn on_message(message: Option<Result<AsyncMessage, tokio_postgres::Error>>, me: &str, heard: &Notify) -> Result<()> {
    match message {
        // What this process told the others it knows already.
        Some(Ok(AsyncMessage::Notification(told))) if told.payload() == me => {}
        Some(Ok(AsyncMessage::Notification(_))) => heard.notify_one(),
        Some(Ok(_)) => {}
        Some(Err(error)) => return Err(Error::unavailable(error)),
        None => return Err(Error::unavailable("the connection was closed")),
    }
    Ok(())
}
