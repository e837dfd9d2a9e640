//! Jobs that fail: they come again after growing pauses.

use chrono::{DateTime, TimeDelta, Utc};
use clinigraph::{jobs::Work, kernel::Id};
use serde_json::Value;

use super::{
    task,
    tasks::{Act, Brief, Gate, give},
};
use crate::harness::TestApp;

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_job_that_fails_comes_again_after_growing_pauses_and_is_dead_after_the_last_attempt() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    app.add(task(Act::Fail).in_clinic(oak.typed())).await;
    let worker = app.worker();

    for (attempt, shortest, longest) in [(1, 8, 13), (2, 24, 37)] {
        let begun = app.clock.now();
        assert_eq!(worker.run_due().await.unwrap(), 1, "{attempt}");
        let job = administrator.job().await;
        assert_eq!((&job["status"], &job["attempts"]), (&"WAITING".into(), &attempt.into()));
        let pause = (time(&job["runAt"]) - begun).num_seconds();
        assert!((shortest..longest).contains(&pause), "{attempt}: {pause} s");
        assert_eq!(worker.run_due().await.unwrap(), 0, "not before the pause is over");
        app.clock.turn(TimeDelta::seconds(longest));
    }
    assert_eq!(worker.run_due().await.unwrap(), 1);
    app.clock.turn(TimeDelta::hours(12));
    assert_eq!(worker.run_due().await.unwrap(), 0);

    let dead = administrator.job().await;
    assert_eq!((&dead["status"], &dead["attempts"]), (&"DEAD".into(), &3.into()));
    assert!(dead["diedAt"].is_string());
    let error = "UNAVAILABLE: the server cannot answer at the moment; please try again";
    assert_eq!(dead["lastError"], error);
    assert_eq!(app.effects().await, Vec::<String>::new(), "what a failed attempt changed is undone");
}

#[tokio::test]
async fn a_job_that_panics_or_takes_too_long_has_failed() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let slow = Id::new();
    give(slow, Act::Hold(Gate::closed()));
    app.add(Brief { task_id: slow }.in_clinic(oak.typed())).await;
    app.add(task(Act::Panic).in_clinic(oak.typed())).await;

    assert_eq!(app.worker().run_due().await.unwrap(), 2);

    let mut jobs = administrator.jobs().await;
    jobs.sort_by_key(|job| job["kind"].as_str().unwrap().to_owned());
    assert_eq!((&jobs[0]["kind"], &jobs[0]["status"]), (&"test_brief".into(), &"DEAD".into()));
    assert_eq!((&jobs[1]["status"], &jobs[1]["lastError"]), (&"WAITING".into(), &"INTERNAL: internal error".into()));
}

#[tokio::test]
async fn a_job_that_succeeds_at_last_takes_effect_once() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let task = task(Act::Fail);
    app.add(task.clone().in_clinic(oak.typed())).await;
    let worker = app.worker();
    worker.run_due().await.unwrap();

    give(task.task_id, Act::Succeed);
    app.clock.turn(TimeDelta::minutes(1));
    worker.run_due().await.unwrap();

    assert_eq!(app.effects().await, [task.task_id.to_string()]);
    assert_eq!(administrator.jobs().await, Vec::<Value>::new());
}
