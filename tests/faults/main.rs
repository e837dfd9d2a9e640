//! Faults under load: in each round a server is killed, Postgres is restarted or crashes, or connections are cut, at a
//! random moment. Meanwhile clients write, with idempotency keys, others are subscribed at both servers, deadlines of tickets pass,
//! and a process beside the servers runs jobs. Afterwards every acknowledged mutation was done once, every subscriber,
//! resuming with the last cursor it received, has received every event once and in order, and each missed deadline was
//! reported once.
//!
//! `FAULT_ROUNDS` (10) is the number of rounds, and `FAULT_SEED` (printed at the beginning) chooses the faults. Everything
//! runs on loopback; the program ends only processes that it has started.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod chance;
#[path = "../it/harness/reader.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod reader;
mod subscriber;
mod uploads;
mod world;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use self::{
    chance::Chance,
    reader::Over,
    subscriber::Subscriber,
    world::{Reports, World},
    writer::Writer,
};

/// Something that breaks in a round.
#[derive(Debug, Clone, Copy)]
enum Fault {
    KillServer(usize),
    KillWorker,
    CutListeners,
    CutRelays,
    CutEverything,
    RestartPostgres,
    CrashPostgres,
}

impl Fault {
    fn random(chance: &mut Chance) -> Self {
        match chance.below(12) {
            0..=3 => Self::KillServer(chance.below(2)),
            4 | 5 => Self::CutListeners,
            6 => Self::CutRelays,
            7 => Self::CutEverything,
            8 => Self::RestartPostgres,
            9 => Self::CrashPostgres,
            _ => Self::KillWorker,
        }
    }

    async fn happen(self, world: &mut World) {
        match self {
            Self::KillServer(which) => world.kill_and_start(which).await,
            Self::KillWorker => world.kill_and_start_worker().await,
            Self::CutListeners => world.cut("application_name = 'clinigraph listener'").await,
            Self::CutRelays => world.cut("application_name = 'clinigraph relay'").await,
            Self::CutEverything => world.cut("application_name like 'clinigraph%'").await,
            Self::RestartPostgres => world.restart_postgres(false).await,
            Self::CrashPostgres => world.restart_postgres(true).await,
        }
    }
}

fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_and_repeat_no_event_and_no_mutation() {
    let rounds = given("FAULT_ROUNDS").unwrap_or(10);
    let seed = given("FAULT_SEED").unwrap_or_else(chance::seed);
    eprintln!("FAULT_ROUNDS={rounds} FAULT_SEED={seed}");
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;

    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for number in 0..4 {
        writers.push(Writer::start(&world, number, Arc::clone(&stop)).await);
    }
    let mut subscribers = Vec::new();
    for number in 0..4 {
        let over = if number % 2 == 0 { Over::Socket } else { Over::Stream };
        subscribers.push(Subscriber::start(&world, over, Chance::new(seed ^ (number + 1))).await);
    }

    for round in 1..=rounds {
        let fault = Fault::random(&mut chance);
        let before: usize = writers.iter().map(Writer::count).sum();
        world.miss_deadlines().await;
        tokio::time::sleep(Duration::from_millis(20 + chance.below(300) as u64)).await;
        fault.happen(&mut world).await;
        // All clients go on, at either server, before the next fault.
        world.until("writers go on", || writers.iter().map(Writer::count).sum::<usize>() >= before + 4).await;
        let acknowledged: Vec<String> = writers.iter().flat_map(Writer::acknowledged).collect();
        world
            .until("subscribers receive the events", || subscribers.iter().all(|one| one.has_received(&acknowledged)))
            .await;
        if round % 10 == 0 {
            eprintln!("round {round}: {} mutations acknowledged; {fault:?}", acknowledged.len());
        }
    }

    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.finish().await);
    }
    let written = world.tickets().await;
    let mut wanted: Vec<String> = acknowledged.iter().map(|(title, _)| title.clone()).collect();
    wanted.sort_unstable();
    let mut there: Vec<String> = written.iter().map(|(title, _)| title.clone()).collect();
    there.sort_unstable();
    assert_eq!(there, wanted, "each mutation was done once, and nothing else was");
    for answered in &acknowledged {
        assert!(written.contains(answered), "the answer had another ticket than {answered:?}");
    }

    let events = world.events().await;
    assert_eq!(events.len(), written.len());
    world
        .until("subscribers receive every event", || subscribers.iter().all(|one| one.received().len() >= events.len()))
        .await;
    for subscriber in subscribers {
        let progress = subscriber.finish();
        eprintln!(
            "{:?} received {} events over {} connections",
            progress.over,
            progress.events.len(),
            progress.connections
        );
        assert_eq!(progress.events, events, "every event once and in order");
    }
    let late = world.reports().await;
    eprintln!("{late:?}");
    let Reports { late, events, tickets, notifications } = late;
    assert!(late > 0);
    assert_eq!((events, tickets, notifications), (late, late, late), "each missed deadline was reported once");
    world.stop().await;
}
