//! Jobs that events start: each event once, however many workers read it and whenever they stop.

use clinigraph::{
    jobs::{Settings, Worker},
    kernel::services::Services,
};

use super::tasks::TASKS;
use crate::harness::TestApp;

/// A worker as a process has one that has just begun.
fn begun(app: &TestApp) -> Worker {
    Worker::new(app.database.clone(), app.hub.clone(), &[&TASKS], Services::default(), Settings::default())
}

#[tokio::test]
async fn each_event_starts_its_job_once_after_a_restart_and_with_several_workers() {
    let app = TestApp::with_effects().await;
    let manager = app.clinic("Oak").await.manager().await;
    // A starter begins with the events from then on.
    manager.open_ticket("before").await;
    app.has_read_all_events().await;
    begun(&app).run_due().await.unwrap();
    assert_eq!(app.effects().await, Vec::<String>::new());

    let mut tickets = vec![manager.open_ticket("1").await, manager.open_ticket("2").await];
    app.has_read_all_events().await;
    begun(&app).run_due().await.unwrap();
    // Nobody works meanwhile.
    tickets.push(manager.open_ticket("3").await);
    tickets.push(manager.open_ticket("4").await);
    app.has_read_all_events().await;
    let (here, there) = (begun(&app), begun(&app));
    let (one, other) = tokio::join!(here.run_due(), there.run_due());
    assert_eq!(one.unwrap() + other.unwrap(), 2);
    begun(&app).run_due().await.unwrap();

    let mut effects = app.effects().await;
    effects.sort();
    tickets.sort();
    assert_eq!(effects, tickets);
}

#[tokio::test]
async fn an_event_whose_jobs_could_not_be_added_starts_them_later() {
    let app = TestApp::with_effects().await;
    let manager = app.clinic("Oak").await.manager().await;
    begun(&app).run_due().await.unwrap();
    app.execute("alter table jobs add constraint jobs_none_check check (kind <> 'test_started') not valid").await;
    let ticket = manager.open_ticket("1").await;
    app.has_read_all_events().await;
    let worker = begun(&app);
    assert!(worker.run_due().await.is_err());

    app.execute("alter table jobs drop constraint jobs_none_check").await;
    worker.run_due().await.unwrap();

    assert_eq!(app.effects().await, [ticket]);
}

#[tokio::test]
async fn a_server_that_is_behind_in_reading_starts_the_jobs_as_well() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let other = app.another().await;
    app.make_effects().await;
    begun(&app).run_due().await.unwrap();
    let ticket = manager.open_ticket("1").await;
    // By the events that the other process has read.
    let worker =
        Worker::new(other.database.clone(), other.hub.clone(), &[&TASKS], Services::default(), Settings::default());

    super::until(async || {
        worker.run_due().await.unwrap();
        !app.effects().await.is_empty()
    })
    .await;

    assert_eq!(app.effects().await, [ticket]);
    other.stop();
}
