//! How many jobs run at once: of a worker, of a kind, and of a kind in a clinic, over all workers.

use std::time::Duration;

use clinigraph::{
    jobs::{Settings, Work, Worker},
    kernel::Id,
};
use tokio::task::JoinHandle;

use super::{
    task,
    tasks::{Act, Gate, OnePerClinic, Single, give},
};
use crate::harness::TestApp;

/// Two workers that work until the test ends.
fn two_workers(app: &TestApp) -> Vec<JoinHandle<()>> {
    let work = |worker: Worker| tokio::spawn(async move { worker.work(std::future::pending()).await });
    (0..2).map(|_| work(app.worker())).collect()
}

/// Long enough for workers to look for jobs several times.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn as_many_jobs_of_a_kind_run_at_once_as_it_allows() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    let gate = Gate::closed();
    for name in ["Oak", "Elm", "Ash"] {
        let task_id = Id::new();
        give(task_id, Act::Hold(gate.clone()));
        app.add(Single { task_id }.in_clinic(app.clinic(name).await.typed())).await;
    }
    let workers = two_workers(&app);
    gate.has(1).await;

    a_while().await;
    assert_eq!((administrator.count_jobs("RUNNING").await, administrator.count_jobs("WAITING").await), (1, 2));

    gate.open();
    super::until(async || app.effects().await.len() == 3).await;
    workers.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_clinic_with_many_jobs_holds_up_no_other() {
    let app = TestApp::with_effects().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let gate = Gate::closed();
    // More than a worker looks at.
    for _ in 0..12 {
        let task_id = Id::new();
        give(task_id, Act::Hold(gate.clone()));
        app.add(OnePerClinic { task_id }.in_clinic(oak.typed())).await;
    }
    let workers = two_workers(&app);
    gate.has(1).await;
    let other = Id::new();
    app.add(OnePerClinic { task_id: other }.in_clinic(elm.typed())).await;

    super::until(async || app.effects().await == [other.to_string()]).await;
    assert_eq!(administrator.count_jobs("RUNNING").await, 1);

    gate.open();
    super::until(async || app.effects().await.len() == 13).await;
    workers.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_worker_runs_as_many_jobs_at_once_as_it_may() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    for _ in 0..5 {
        app.add(task(Act::Hold(gate.clone())).in_clinic(oak.typed())).await;
    }
    let worker = app.worker_with(Settings { at_once: 3, poll: Duration::from_millis(50), ..Settings::default() });
    let working = tokio::spawn(async move { worker.work(std::future::pending()).await });
    gate.has(3).await;

    a_while().await;
    assert_eq!((administrator.count_jobs("RUNNING").await, administrator.count_jobs("WAITING").await), (3, 2));

    gate.open();
    super::until(async || app.effects().await.len() == 5).await;
    working.abort();
}
