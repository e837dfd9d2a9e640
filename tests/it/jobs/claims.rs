//! Which jobs start, and in which order.

use chrono::TimeDelta;
use clinigraph::{
    jobs::{Settings, Work},
    kernel::Id,
};
use serde_json::json;

use super::{
    task,
    tasks::{Act, Task, TaskId, Urgent},
};
use crate::harness::TestApp;

/// One after the other.
const ONE: Settings = Settings {
    at_once: 1,
    lease: std::time::Duration::from_secs(30),
    poll: std::time::Duration::from_millis(50),
    drain: std::time::Duration::from_secs(20),
};

#[tokio::test]
async fn jobs_start_by_priority_and_then_by_time_and_none_before_its_time() {
    let app = TestApp::with_effects().await;
    let clinic = app.clinic("Oak").await.typed();
    let now = app.clock.now();
    let ids: Vec<Id<TaskId>> = (0..5).map(|_| Id::new()).collect();
    let of = |at: usize| Task { task_id: ids[at] }.in_clinic(clinic);
    app.add(of(0).at(now - TimeDelta::minutes(1))).await;
    app.add(of(1).at(now - TimeDelta::minutes(3))).await;
    app.add(of(2).at(now + TimeDelta::hours(1))).await;
    app.add(of(3).at(now - TimeDelta::minutes(2))).await;
    app.add(Urgent { task_id: ids[4] }.in_clinic(clinic)).await;
    let worker = app.worker_with(ONE);

    assert_eq!(worker.run_due().await.unwrap(), 4);
    let in_time = app.effects().await;
    app.clock.turn(TimeDelta::hours(1));
    assert_eq!(worker.run_due().await.unwrap(), 1);

    let named = |at: [usize; 4]| at.map(|at| ids[at].to_string()).to_vec();
    assert_eq!(in_time, named([4, 1, 3, 0]));
    assert_eq!(app.effects().await.last().unwrap(), &ids[2].to_string());
}

#[tokio::test]
async fn an_administrator_sees_a_job_that_waits_with_what_it_works_on_until_it_is_done() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let task = task(Act::Succeed);
    app.add(task.clone().in_clinic(oak.typed()).unless_waiting("first")).await;

    let job = administrator.job().await;
    app.worker().run_due().await.unwrap();

    assert_eq!(job["payload"], json!([{ "name": "task_id", "id": task.task_id.to_string() }]));
    assert_eq!((&job["kind"], &job["key"], &job["status"]), (&json!("test_task"), &json!("first"), &json!("WAITING")));
    assert_eq!((&job["clinic"]["name"], &job["attempts"], &job["maxAttempts"]), (&json!("Oak"), &json!(0), &json!(3)));
    assert_eq!((&job["viewerCanRetry"], &job["viewerCanDrop"]), (&json!(false), &json!(true)));
    let query = "query ($id: ID!) { job(id: $id) { id } }";
    assert!(administrator.ask(query, json!({ "id": job["id"] })).await["job"].is_null());
    assert_eq!(app.effects().await, [task.task_id.to_string()]);
}

#[tokio::test]
async fn a_job_is_added_with_its_cause_or_not_at_all() {
    let app = TestApp::with_effects().await;
    let clinic = app.clinic("Oak").await.typed();

    let refused = app
        .database
        .as_system(None, async |scope| {
            task(Act::Succeed).in_clinic(clinic).enqueue(scope).await?;
            Err::<(), _>(clinigraph::kernel::Error::not_found("cause"))
        })
        .await;

    assert!(refused.is_err());
    assert_eq!(app.worker().run_due().await.unwrap(), 0);
}
