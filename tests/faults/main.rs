//! What breaks while much happens: in each round a server is killed, Postgres is restarted or crashes, or the connections
//! of the relays are cut, at a random moment. Meanwhile people write, with idempotency keys, and others listen at both
//! servers. Afterwards every acknowledged mutation is there once, and every listener, resuming with the last cursor it
//! got, has heard every event once and in order.
//!
//! `FAULT_ROUNDS` (10) and `FAULT_SEED` (told at the beginning) say how often and which. Everything is on loopback and of
//! this program's own making; only what it has started is ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod chance;
#[path = "../it/support/ear.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod ear;
mod listener;
mod world;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use self::{chance::Chance, ear::Over, listener::Listener, world::World, writer::Writer};

/// Something that breaks.
#[derive(Debug, Clone, Copy)]
enum Fault {
    KillServer(usize),
    CutListeners,
    CutRelays,
    CutEverything,
    RestartPostgres,
    CrashPostgres,
}

impl Fault {
    fn random(chance: &mut Chance) -> Self {
        match chance.below(10) {
            0..=3 => Self::KillServer(chance.below(2)),
            4 | 5 => Self::CutListeners,
            6 => Self::CutRelays,
            7 => Self::CutEverything,
            8 => Self::RestartPostgres,
            _ => Self::CrashPostgres,
        }
    }

    async fn happen(self, world: &mut World) {
        match self {
            Self::KillServer(which) => world.kill_and_start(which).await,
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
async fn whatever_breaks_nothing_is_missed_nothing_comes_twice_and_nothing_is_lost() {
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
    let mut listeners = Vec::new();
    for number in 0..4 {
        let over = if number % 2 == 0 { Over::Socket } else { Over::Stream };
        listeners.push(Listener::start(&world, over, Chance::new(seed ^ (number + 1))).await);
    }

    for round in 1..=rounds {
        let fault = Fault::random(&mut chance);
        let before: usize = writers.iter().map(Writer::count).sum();
        tokio::time::sleep(Duration::from_millis(20 + chance.below(300) as u64)).await;
        fault.happen(&mut world).await;
        // Everybody gets on, at either server, before the next thing breaks.
        world.until("writers get on", || writers.iter().map(Writer::count).sum::<usize>() >= before + 4).await;
        let acknowledged: Vec<String> = writers.iter().flat_map(Writer::acknowledged).collect();
        world.until("listeners hear of it", || listeners.iter().all(|one| one.has_heard(&acknowledged))).await;
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
    assert_eq!(there, wanted, "each mutation is there once, and nothing else is");
    for told in &acknowledged {
        assert!(written.contains(told), "the answer told another ticket than {told:?}");
    }

    let events = world.events().await;
    assert_eq!(events.len(), written.len());
    world.until("listeners hear everything", || listeners.iter().all(|one| one.heard().len() >= events.len())).await;
    for listener in listeners {
        let heard = listener.finish();
        eprintln!("{:?} heard {} events over {} connections", heard.over, heard.events.len(), heard.connections);
        assert_eq!(heard.events, events, "every event once and in order");
    }
    world.stop().await;
}
