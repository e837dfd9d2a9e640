//! Jobs: how soon one starts on an idle server, and how many end in a second, against a loop over a table of its own that claims a
//! row, removes it and commits.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clinigraph::{
    app::{Reached, pipeline},
    job,
    jobs::{JobKind, Jobs, Rules, Running, Settings, Work, Worker},
    kernel::{Result, clock::Clock, db::Database, secrets::KeyRing},
    live::relay,
    outbound::OutboundOptions,
    pipeline,
};
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use tokio::sync::oneshot;

use super::{
    database::{Empty, KEYS, Postgres},
    webhooks,
};

const JOBS: Jobs = Jobs { kinds: &[JobKind::of::<Plain>()], schedules: &[], starters: &[] };
/// Jobs of one round.
const MANY: usize = 2000;
/// Jobs that start one after the other.
const STARTS: usize = 500;

job! {
    /// Does nothing.
    Plain "bench_plain" {}
}

static STARTED: Mutex<Option<Instant>> = Mutex::new(None);
static ENDED: AtomicUsize = AtomicUsize::new(0);

impl Work for Plain {
    const RULES: Rules = Rules { at_once: 1000, at_once_in_clinic: 1000, ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        *STARTED.lock().unwrap() = Some(Instant::now());
        job.finish(async |_| Ok(())).await?;
        ENDED.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A worker that works until the sender is dropped.
struct AtWork {
    stop: oneshot::Sender<()>,
    working: tokio::task::JoinHandle<()>,
}

impl AtWork {
    fn begin(parts: &pipeline::Pipeline, at_once: usize) -> Self {
        let settings = Settings { at_once, ..Settings::default() };
        let services = parts.services();
        let worker = Worker::new(parts.database().clone(), Arc::clone(parts.hub()), &[&JOBS], services, settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let working = tokio::spawn(async move {
            worker.work(async { drop(stopped.await) }).await;
        });
        Self { stop, working }
    }

    async fn end(self) {
        drop(self.stop);
        self.working.await.unwrap();
    }
}

pub async fn run(postgres: &Postgres) {
    let Empty { url, logins } = postgres.empty("jobs").await;
    let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
    let reached = Reached { embedded: None, logins, ran: Vec::new(), ring };
    let outbound = OutboundOptions { allows_private: true, ..OutboundOptions::default() };
    let settings = pipeline::Settings { job_connections: 16, outbound, ..pipeline::Settings::default() };
    let parts = pipeline(&reached, settings, 4, Clock::default()).await.unwrap();
    let system = reached.logins.url(clinigraph::kernel::db::Class::System).to_owned();
    let relaying = tokio::spawn(relay(Arc::clone(parts.hub()), system));

    starts(&parts).await;
    for at_once in [4, 16] {
        let mut ratios = Vec::new();
        for _ in 0..5 {
            let ours = ends(&parts, at_once).await;
            let bare = bare(&url, at_once).await;
            println!(
                "{at_once:>2} at once: {ours:>6.0} jobs a second, bare loop {bare:>6.0}, ratio {:.2}",
                ours / bare
            );
            ratios.push(ours / bare);
        }
        ratios.sort_by(f64::total_cmp);
        println!("{at_once:>2} at once: median ratio {:.2}", ratios[ratios.len() / 2]);
    }
    webhooks::run(&parts, &url).await;
    relaying.abort();
    parts.database().pools().close();
}

async fn add(database: &Database, number: usize) {
    database
        .as_system(None, async |scope| {
            for _ in 0..number {
                Plain {}.of_platform().enqueue(scope).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

/// From the commit that adds a job to its start, with nothing else to do.
async fn starts(parts: &pipeline::Pipeline) {
    let work = AtWork::begin(parts, 4);
    let mut times = Vec::new();
    for _ in 0..STARTS {
        *STARTED.lock().unwrap() = None;
        add(parts.database(), 1).await;
        let committed = Instant::now();
        let started = loop {
            if let Some(started) = *STARTED.lock().unwrap() {
                break started;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        };
        times.push(started.saturating_duration_since(committed));
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    work.end().await;
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("start after the commit: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(0.5), at(0.99), at(1.0));
}

/// Jobs that end in a second.
async fn ends(parts: &pipeline::Pipeline, at_once: usize) -> f64 {
    add(parts.database(), MANY).await;
    ENDED.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    let work = AtWork::begin(parts, at_once);
    while AtomicUsize::load(&ENDED, Ordering::Relaxed) < MANY {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = begun.elapsed();
    work.end().await;
    MANY as f64 / took.as_secs_f64()
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Rows that a loop removes in a second, without leases, limits, policies or a trail.
async fn bare(url: &str, at_once: usize) -> f64 {
    let mut connection = clinigraph::kernel::db::connect(url).await.unwrap();
    for statement in [
        "drop table if exists bare".to_owned(),
        "create table bare (id bigint primary key, run_at timestamptz not null)".to_owned(),
        format!("insert into bare select n, now() from generate_series(1, {MANY}) n"),
        "create index on bare (run_at, id)".to_owned(),
        "analyze bare".to_owned(),
    ] {
        sql_query(statement).execute(&mut connection).await.unwrap();
    }
    let mut connections = Vec::new();
    for _ in 0..at_once {
        connections.push(clinigraph::kernel::db::connect(url).await.unwrap());
    }
    let begun = Instant::now();
    let loops = connections.into_iter().map(|mut connection| {
        tokio::spawn(async move {
            loop {
                let claim = "update bare set run_at = now() + interval '30 seconds' where id = (
                                 select id from bare where run_at <= now() order by run_at, id limit 1 for update skip locked)
                             returning id";
                let claimed: Vec<Claimed> = sql_query(claim).load(&mut connection).await.unwrap();
                let Some(Claimed { id }) = claimed.into_iter().next() else { return };
                sql_query(format!("delete from bare where id = {id}")).execute(&mut connection).await.unwrap();
            }
        })
    });
    for one in loops.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    MANY as f64 / begun.elapsed().as_secs_f64()
}
