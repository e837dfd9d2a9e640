//! Workers that are asked to stop: they take nothing new, and let what runs finish.

use std::time::Duration;

use clinigraph::jobs::{Settings, Work};
use tokio::sync::oneshot;

use super::{
    task,
    tasks::{Act, Gate},
};
use crate::harness::TestApp;

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_finishes_what_runs_and_takes_nothing_new() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    let held = task(Act::Hold(gate.clone()));
    app.add(held.clone().in_clinic(oak.typed())).await;
    let (ask, asked) = oneshot::channel::<()>();
    let worker = app.worker();
    let working = tokio::spawn(async move { worker.work(async { drop(asked.await) }).await });
    gate.has(1).await;

    ask.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.add(task(Act::Succeed).in_clinic(oak.typed())).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!working.is_finished(), "it waits for what runs");
    gate.open();
    working.await.unwrap();

    assert_eq!(app.effects().await, [held.task_id.to_string()]);
    assert_eq!(administrator.job().await["status"], "WAITING");
}

#[tokio::test]
async fn a_job_that_does_not_finish_in_time_is_given_back_and_starts_elsewhere_at_once() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    let held = task(Act::Hold(gate.clone()));
    app.add(held.clone().in_clinic(oak.typed())).await;
    let worker = app.worker_with(Settings { drain: Duration::from_millis(100), ..Settings::default() });
    let stop = gate.clone();
    worker.work(async move { stop.has(1).await }).await;

    let job = administrator.job().await;
    gate.open();
    app.worker().run_due().await.unwrap();

    assert_eq!((&job["status"], &job["attempts"]), (&"WAITING".into(), &0.into()));
    assert_eq!(app.effects().await, [held.task_id.to_string()]);
}
