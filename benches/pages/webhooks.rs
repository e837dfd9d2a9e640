//! Webhooks: how many deliveries are made in a second, from the events to the answers of the receiver, against a loop over a table
//! of its own that claims a row, sends a request to the same receiver, removes the row and commits.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, routing::post};
use clinigraph::{
    kernel::{clock::Clock, db::connect, hex::hex, sealed::SealedColumn, secrets::KeyRing},
    pipeline::Pipeline,
    webhook::{Dispatcher, DispatcherSettings},
};
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::{net::TcpListener, sync::oneshot};
use uuid::Uuid;

use super::database::KEYS;

/// Events of a round, each for all endpoints.
const EVENTS: usize = 500;
const ENDPOINTS: usize = 4;
const DELIVERIES: usize = EVENTS * ENDPOINTS;
/// As many as the dispatcher has on their way to these endpoints at once.
const AT_ONCE: usize = 32;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A receiver that accepts everything.
async fn receiver() -> (SocketAddr, Arc<AtomicUsize>) {
    async fn count(State(received): State<Arc<AtomicUsize>>) {
        received.fetch_add(1, Ordering::Relaxed);
    }
    let received = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(count)).with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, received)
}

pub async fn run(parts: &Pipeline, url: &str) {
    let (address, received) = receiver().await;
    let clinic = endpoints(url, address).await;
    let dispatcher = || {
        let (database, hub) = (parts.database().clone(), Arc::clone(parts.hub()));
        Dispatcher::new(database, hub, &parts.services(), DispatcherSettings::default()).unwrap()
    };
    dispatcher().run_due().await.unwrap();
    let mut ratios = Vec::new();
    for _ in 0..5 {
        add_events(parts, url, clinic).await;
        received.store(0, Ordering::Relaxed);
        let (stop, stopped) = oneshot::channel::<()>();
        let begun = Instant::now();
        let dispatcher = dispatcher();
        let working = tokio::spawn(async move { dispatcher.work(async { drop(stopped.await) }).await });
        while AtomicUsize::load(&received, Ordering::Relaxed) < DELIVERIES {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ours = DELIVERIES as f64 / begun.elapsed().as_secs_f64();
        drop(stop);
        working.await.unwrap();
        let bare = bare(url, address).await;
        println!("{ours:>6.0} deliveries a second, bare loop {bare:>6.0}, ratio {:.2}", ours / bare);
        ratios.push(ours / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[ratios.len() / 2]);
}

/// A clinic with endpoints of its manager.
async fn endpoints(url: &str, receiver: SocketAddr) -> Uuid {
    let ring = KeyRing::parse(KEYS).unwrap();
    let (clinic, user) = (Uuid::now_v7(), Uuid::now_v7());
    let mut rows = format!(
        "insert into clinics (id, name, slug, timezone, currency, status) values ('{clinic}', 'Oak', 'oak', 'America/Vancouver', 'CAD', 'active');
         insert into users (id, email, first_name, status) values ('{user}', 'jo@people.example', 'Jo', 'active');
         insert into memberships (id, clinic_id, user_id, role) values ('{user}', '{clinic}', '{user}', 'clinic_manager');"
    );
    let secret = SealedColumn { table: "webhook_endpoints", column: "secret_enc" };
    for _ in 0..ENDPOINTS {
        let id = Uuid::now_v7();
        let sealed = secret.seal(&ring, id, Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Clock::default().now());
        rows += &format!(
            "insert into webhook_endpoints (id, clinic_id, owner_user_id, url, secret_enc)
             values ('{id}', '{clinic}', '{user}', 'http://{receiver}/', '\\x{}');",
            hex(&sealed.unwrap().enc.unwrap())
        );
    }
    connect(url).await.unwrap().batch_execute(&rows).await.unwrap();
    clinic
}

/// Adds events of different objects, and waits until the server has read them.
async fn add_events(parts: &Pipeline, url: &str, clinic: Uuid) {
    let mut connection = connect(url).await.unwrap();
    let add = format!(
        "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
         select '{clinic}', 'clinic', 'ticket', gen_random_uuid(), 'opened' from generate_series(1, {EVENTS})"
    );
    sql_query(add).execute(&mut connection).await.unwrap();
    let newest: Number =
        sql_query("select max(id)::bigint as number from outbox_events").get_result(&mut connection).await.unwrap();
    let mut progress = parts.hub().progress();
    progress.wait_for(|position| position.is_some_and(|position| position >= newest.number)).await.unwrap();
}

/// Deliveries of a loop in a second, unsigned, in any order, and without a log.
async fn bare(url: &str, receiver: SocketAddr) -> f64 {
    let mut connection = connect(url).await.unwrap();
    let table = format!(
        "drop table if exists bare_hooks;
         create table bare_hooks (id bigint primary key, run_at timestamptz not null);
         insert into bare_hooks select n, now() from generate_series(1, {DELIVERIES}) n;
         create index on bare_hooks (run_at, id);
         analyze bare_hooks"
    );
    connection.batch_execute(&table).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut connections = Vec::new();
    for _ in 0..AT_ONCE {
        connections.push(connect(url).await.unwrap());
    }
    let begun = Instant::now();
    let loops = connections.into_iter().map(|mut connection| {
        let client = client.clone();
        tokio::spawn(async move {
            loop {
                let claim = "update bare_hooks set run_at = now() + interval '30 seconds' where id = (
                                 select id from bare_hooks where run_at <= now() order by run_at, id limit 1 for update skip locked)
                             returning id as number";
                let claimed: Vec<Number> = sql_query(claim).load(&mut connection).await.unwrap();
                let Some(Number { number }) = claimed.into_iter().next() else { return };
                let body = "{\"type\":\"ticket.opened\",\"timestamp\":\"2026-11-28T12:00:00Z\",\"data\":{\"eventId\":\"1\"}}";
                let sent = client.post(format!("http://{receiver}/")).body(body).send().await.unwrap();
                assert!(sent.status().is_success());
                sql_query(format!("delete from bare_hooks where id = {number}")).execute(&mut connection).await.unwrap();
            }
        })
    });
    for one in loops.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    DELIVERIES as f64 / begun.elapsed().as_secs_f64()
}
