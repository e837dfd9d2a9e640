//! The relay: one a process. It reads the outbox in the order of ids, below the oldest transaction that still runs, since
//! a lower id can be committed after a higher one. It is woken by the commits of its own process at once, by other
//! processes through a notification that their relays send (never a user's transaction: its commit would take a lock
//! on the whole database), and by the clock once a second in any case.

use std::{sync::Arc, time::Duration};

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, dsl::sql, sql_query, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, NoTls};

use super::hub::{COLUMNS, Happened, Hub, PAGE};
use crate::{
    kernel::{Error, Result, db::connect},
    schema::outbox_events,
};

const CHANNEL: &str = "clinigraph_events";
/// What wakes it when nothing else does.
const FLOOR: Duration = Duration::from_secs(1);

/// Relays for ever; failures are logged and tried again after growing pauses.
pub async fn relay(hub: Arc<Hub>, server_url: String) {
    let heard = Notify::new();
    tokio::join!(hear(&server_url, &heard), read_for_ever(&hub, &server_url, &heard));
}

async fn read_for_ever(hub: &Hub, url: &str, heard: &Notify) {
    let mut pause = Duration::from_millis(100);
    let mut position = None;
    loop {
        if let Err(error) = read_on(hub, url, heard, &mut position, &mut pause).await {
            tracing::warn!(%error, pause_ms = pause.as_millis(), "the relay lost its connection");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn read_on(hub: &Hub, url: &str, heard: &Notify, position: &mut Option<i64>, pause: &mut Duration) -> Result<()> {
    let mut connection = connect(url).await?;
    connection.batch_execute("set role clinigraph_system; set application_name = 'clinigraph relay'").await?;
    let mut place = match *position {
        Some(place) => place,
        None => {
            let readable = outbox_events::table.filter(below_horizon()).select(diesel::dsl::max(outbox_events::id));
            readable.first::<Option<i64>>(&mut connection).await?.unwrap_or_default()
        }
    };
    hub.take_in(Vec::new(), place);
    *position = Some(place);
    *pause = Duration::from_millis(100);
    let mut ours = false;
    loop {
        let events = read(&mut connection, place).await?;
        let found = events.len();
        if let Some(last) = events.last() {
            place = last.id;
            hub.take_in(events, place);
            *position = Some(place);
        }
        if ours {
            // Other processes; one notification for however many commits.
            sql_query(format!("notify {CHANNEL}")).execute(&mut connection).await?;
        }
        if found as i64 == PAGE {
            continue;
        }
        ours = tokio::select! {
            () = hub.door.told().notified() => true,
            () = heard.notified() => false,
            () = tokio::time::sleep(FLOOR) => false,
        };
    }
}

fn below_horizon() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>("xid < pg_snapshot_xmin(pg_current_snapshot())")
}

async fn read(connection: &mut AsyncPgConnection, place: i64) -> Result<Vec<Happened>> {
    let events = outbox_events::table.filter(outbox_events::id.gt(place).and(below_horizon()));
    Ok(events.order(outbox_events::id).limit(PAGE).select(COLUMNS).load(connection).await?)
}

/// Listens on a connection of its own; whatever it misses while that is down, the clock finds.
async fn hear(url: &str, heard: &Notify) {
    let mut pause = Duration::from_millis(100);
    loop {
        match listen(url, heard, &mut pause).await {
            Ok(()) => tracing::warn!("the listener's connection was closed"),
            Err(error) => tracing::warn!(%error, "the listener lost its connection"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn listen(url: &str, heard: &Notify, pause: &mut Duration) -> Result<()> {
    let config: tokio_postgres::Config = url.parse().map_err(Error::internal)?;
    let (client, mut connection) = config.connect(NoTls).await.map_err(Error::unavailable)?;
    let messages = stream::poll_fn(move |context| connection.poll_message(context));
    let mut messages = std::pin::pin!(messages);
    let begun = client.batch_execute("listen clinigraph_events");
    let mut begun = std::pin::pin!(begun);
    loop {
        tokio::select! {
            begun = &mut begun => {
                begun.map_err(Error::unavailable)?;
                *pause = Duration::from_millis(100);
                heard.notify_one();
                break;
            }
            message = messages.next() => on_message(message, heard)?,
        }
    }
    loop {
        match messages.next().await {
            None => return Ok(()),
            message => on_message(message, heard)?,
        }
    }
}

fn on_message(message: Option<Result<AsyncMessage, tokio_postgres::Error>>, heard: &Notify) -> Result<()> {
    match message {
        Some(Ok(AsyncMessage::Notification(_))) => heard.notify_one(),
        Some(Ok(_)) => {}
        Some(Err(error)) => return Err(Error::unavailable(error)),
        None => return Err(Error::unavailable("the connection was closed")),
    }
    Ok(())
}
