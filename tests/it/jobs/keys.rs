//! Jobs with a key: at most one of them waits.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use clinigraph::{
    jobs::{Work, cancel},
    kernel::Id,
};

use super::{
    task,
    tasks::{Act, Gate, Single, Task, give},
    until,
};
use crate::harness::TestApp;

#[tokio::test]
async fn a_job_with_the_key_of_one_that_waits_replaces_it_or_is_ignored() {
    let app = TestApp::with_effects().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let [first, ignored, second, other] = [(); 4].map(|()| task(Act::Succeed));
    let later = (app.clock.now() + TimeDelta::hours(1)).trunc_subsecs(6);
    app.add(first.in_clinic(oak.typed()).at(later).replacing("key")).await;
    app.add(ignored.in_clinic(oak.typed()).unless_waiting("key")).await;
    let run_at: DateTime<Utc> = administrator.job().await["runAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(run_at, later);

    app.add(second.clone().in_clinic(oak.typed()).replacing("key")).await;
    app.add(other.clone().in_clinic(elm.typed()).replacing("key")).await;

    assert_eq!(app.worker().run_due().await.unwrap(), 2);
    let mut effects = app.effects().await;
    effects.sort();
    let mut wanted = vec![second.task_id.to_string(), other.task_id.to_string()];
    wanted.sort();
    assert_eq!(effects, wanted);
}

#[tokio::test]
async fn a_job_that_runs_already_does_not_stand_for_a_new_one() {
    let app = TestApp::with_effects().await;
    let clinic = app.clinic("Oak").await.typed();
    let gate = Gate::closed();
    let (held, next) = (task(Act::Hold(gate.clone())), task(Act::Succeed));
    app.add(held.in_clinic(clinic).unless_waiting("key")).await;
    let worker = app.worker();
    let working = tokio::spawn(async move { worker.run_due().await.unwrap() });
    gate.has(1).await;

    app.add(next.in_clinic(clinic).unless_waiting("key")).await;
    gate.open();

    assert_eq!(working.await.unwrap(), 2);
    assert_eq!(app.effects().await.len(), 2);
}

#[tokio::test]
async fn a_job_that_fails_while_one_with_its_key_waits_leaves_it_to_that_one() {
    let app = TestApp::with_effects().await;
    let (clinic, administrator) = (app.clinic("Oak").await.typed(), app.administrator().await);
    let gate = Gate::closed();
    let id = Id::new();
    give(id, Act::Hold(gate.clone()));
    let next = Id::new();
    app.add(Single { task_id: id }.in_clinic(clinic).replacing("key")).await;
    let worker = app.worker();
    let working = tokio::spawn(async move { worker.run_due().await.unwrap() });
    gate.has(1).await;
    app.add(Single { task_id: next }.in_clinic(clinic).replacing("key").at(app.clock.now() + TimeDelta::hours(1)))
        .await;

    // It cannot be completed any more, as if the connection had broken.
    app.execute("alter table effects add constraint none check (false)").await;
    gate.open();
    working.await.unwrap();

    let left = administrator.job().await;
    assert_eq!(left["payload"][0]["id"], next.to_string());
    assert_eq!((&left["status"], &left["attempts"]), (&"WAITING".into(), &0.into()));
}

#[tokio::test]
async fn a_job_that_is_cancelled_never_starts() {
    let app = TestApp::with_effects().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    for clinic in [oak.typed(), elm.typed()] {
        app.add(task(Act::Succeed).in_clinic(clinic).replacing("key")).await;
    }

    app.as_system(async |scope| cancel::<Task>(scope, oak.typed(), "key").await).await;

    assert_eq!(app.worker().run_due().await.unwrap(), 1);
    until(async || app.effects().await.len() == 1).await;
}
