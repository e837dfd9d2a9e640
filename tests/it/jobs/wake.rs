//! What wakes a worker: a job starts soon after its cause was committed, in whatever process.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clinigraph::{
    jobs::{Settings, Work, Worker},
    kernel::{Id, events::Event, services::Services},
    support::TicketEventKind,
};

use super::{
    task,
    tasks::{Act, Gate, TASKS},
};
use crate::harness::TestApp;

/// With a poll so seldom that it finds nothing in this test.
const WOKEN: Settings = Settings {
    at_once: 4,
    lease: Duration::from_secs(30),
    poll: Duration::from_secs(600),
    drain: Duration::from_secs(1),
};

/// The time from the commit to the start of a job.
async fn start(app: &TestApp, clinic: clinigraph::kernel::Id<clinigraph::clinic::Clinic>) -> Duration {
    let gate = Gate::closed();
    gate.open();
    app.add(task(Act::Hold(gate.clone())).in_clinic(clinic)).await;
    let committed = Instant::now();
    gate.has(1).await;
    committed.elapsed()
}

#[tokio::test]
async fn a_job_starts_at_once_in_its_own_process_and_in_another() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await.typed();
    let other = app.another().await;
    app.make_effects().await;
    let workers = [
        ("own", Worker::new(app.database.clone(), app.hub.clone(), &[&TASKS], Services::default(), WOKEN)),
        ("other", Worker::new(other.database.clone(), other.hub.clone(), &[&TASKS], Services::default(), WOKEN)),
    ];
    for (process, worker) in workers {
        let working = tokio::spawn(async move { worker.work(std::future::pending()).await });
        // Until it has looked for the first time, and the relays know of each other.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let mut times = Vec::new();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            times.push(start(&app, clinic).await);
        }
        times.sort();
        println!("{process} process: median {:?}, longest {:?}", times[15], times[29]);
        // The machine may be busy; without being woken each would take ten minutes.
        assert!(times[29] < Duration::from_secs(5), "{process}: {times:?}");
        working.abort();
    }
    other.stop();
}

#[tokio::test]
async fn an_event_wakes_the_worker_whose_job_it_starts() {
    let app = TestApp::with_effects().await;
    let manager = app.clinic("Oak").await.manager().await;
    let worker = Worker::new(app.database.clone(), app.hub.clone(), &[&TASKS], Services::default(), WOKEN);
    let working = tokio::spawn(async move { worker.work(std::future::pending()).await });
    super::until(async || app.value("select count(*) from private.job_feeds").await == 1).await;

    let ticket = manager.open_ticket("Printer").await;

    super::until(async || app.effects().await == [ticket.clone()]).await;
    working.abort();
}

#[tokio::test]
async fn a_job_whose_time_comes_starts_while_there_are_events_all_the_time() {
    let app = TestApp::with_effects().await;
    let clinic = app.clinic("Oak").await.typed();
    let worker = app.worker_with(Settings { poll: Duration::from_millis(200), ..Settings::default() });
    let working = tokio::spawn(async move { worker.work(std::future::pending()).await });
    let database = app.database.clone();
    let busy = tokio::spawn(async move {
        loop {
            let assigned = async |scope: &clinigraph::kernel::db::Scope| {
                Event::of(TicketEventKind::Assigned, Id::new(), Some(clinic.uuid())).push(scope);
                Ok(())
            };
            database.as_system(None, assigned).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    app.add(task(Act::Succeed).in_clinic(clinic).at(app.clock.now() + TimeDelta::milliseconds(500))).await;

    super::until(async || app.effects().await.len() == 1).await;
    busy.abort();
    working.abort();
}
