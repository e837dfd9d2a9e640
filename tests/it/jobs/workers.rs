//! Workers that share a database, and workers that die: each job takes effect once.

use std::time::Duration;

use clinigraph::jobs::{Settings, Work};

use super::{
    task,
    tasks::{Act, Gate},
    until,
};
use crate::harness::TestApp;

/// With leases that expire while a test waits for it.
const SHORT: Settings = Settings {
    at_once: 4,
    lease: Duration::from_millis(300),
    poll: Duration::from_millis(50),
    drain: Duration::from_secs(20),
};

#[tokio::test]
async fn of_several_workers_one_runs_each_job() {
    let app = TestApp::with_effects().await;
    let clinic = app.clinic("Oak").await.typed();
    let mut wanted = Vec::new();
    for _ in 0..40 {
        let task = task(Act::Succeed);
        wanted.push(task.task_id.to_string());
        app.add(task.in_clinic(clinic)).await;
    }
    let (here, there, again) = (app.worker(), app.worker(), app.worker());

    let (first, second, third) = tokio::join!(here.run_due(), there.run_due(), again.run_due());

    assert_eq!(first.unwrap() + second.unwrap() + third.unwrap(), 40);
    let mut effects = app.effects().await;
    effects.sort();
    wanted.sort();
    assert_eq!(effects, wanted);
}

#[tokio::test]
async fn a_job_whose_worker_dies_is_taken_over_and_takes_effect_once() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    let task = task(Act::Hold(gate.clone()));
    app.add(task.clone().in_clinic(oak.typed())).await;
    let dying = app.worker_with(SHORT);
    let died = tokio::spawn(async move { dying.work(std::future::pending()).await });
    gate.has(1).await;
    died.abort();
    assert!(died.await.is_err());
    assert_eq!(administrator.count_jobs("RUNNING").await, 1);

    gate.open();
    let next = app.worker_with(SHORT);
    let working = tokio::spawn(async move { next.work(std::future::pending()).await });
    until(async || administrator.jobs().await.is_empty()).await;

    assert_eq!(app.effects().await, [task.task_id.to_string()]);
    working.abort();
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_changes_nothing_any_more() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    let task = task(Act::Hold(gate.clone()));
    app.add(task.clone().in_clinic(oak.typed())).await;
    // It does not renew its claims, since only `work` does.
    let stuck = app.worker_with(SHORT);
    let still_working = tokio::spawn(async move { stuck.run_due().await.unwrap() });
    gate.has(1).await;
    tokio::time::sleep(SHORT.lease * 2).await;

    let other = app.worker_with(SHORT);
    let taking_over = tokio::spawn(async move { other.run_due().await.unwrap() });
    gate.has(2).await;
    gate.open();
    taking_over.await.unwrap();
    still_working.await.unwrap();

    assert_eq!(app.effects().await, [task.task_id.to_string()]);
    assert_eq!(administrator.jobs().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_worker_that_lives_keeps_a_job_that_takes_long() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    app.add(task(Act::Hold(gate.clone())).in_clinic(oak.typed())).await;
    let (busy, idle) = (app.worker_with(SHORT), app.worker_with(SHORT));
    let working =
        tokio::spawn(async move { tokio::join!(busy.work(std::future::pending()), idle.work(std::future::pending())) });
    gate.has(1).await;

    tokio::time::sleep(SHORT.lease * 4).await;
    let job = administrator.job().await;
    gate.open();

    assert_eq!((&job["status"], &job["attempts"]), (&"RUNNING".into(), &1.into()));
    until(async || app.effects().await.len() == 1).await;
    working.abort();
}

#[tokio::test]
async fn a_job_that_ends_its_worker_each_time_dies() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    app.add(task(Act::Hold(gate.clone())).in_clinic(oak.typed())).await;

    for _ in 0..3 {
        let worker = app.worker_with(SHORT);
        let dies = tokio::spawn(async move { worker.work(std::future::pending()).await });
        tokio::time::timeout(Duration::from_secs(20), gate.entered.acquire()).await.unwrap().unwrap().forget();
        dies.abort();
        drop(dies.await);
        tokio::time::sleep(SHORT.lease * 2).await;
    }
    app.worker_with(SHORT).run_due().await.unwrap();

    let job = administrator.job().await;
    assert_eq!(
        (&job["status"], &job["lastError"]),
        (&"DEAD".into(), &"the worker stopped before the job was done".into())
    );
}
