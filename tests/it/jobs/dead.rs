//! Dead jobs: administrators hear of them, retry them and drop them, and nobody else does.

use clinigraph::jobs::Work;
use serde_json::{Value, json};

use super::{
    task,
    tasks::{Act, Gate, Task, give},
};
use crate::harness::{Person, TestApp, reader::Over};

const EVENTS: &str = "subscription ($after: String) {
    jobEvents(after: $after) { cursor kind changed job { id kind status lastError payload { id } } }
}";

/// A job that has died.
async fn dead(app: &TestApp, administrator: &Person) -> (Task, Value) {
    let task = task(Act::Fail);
    let clinic = app.clinic("Oak").await.typed();
    app.add(task.clone().in_clinic(clinic).unless_waiting("key")).await;
    let worker = app.worker();
    for _ in 0..3 {
        worker.run_due().await.unwrap();
        app.clock.turn(chrono::TimeDelta::hours(1));
    }
    (task, administrator.job().await)
}

#[tokio::test]
async fn administrators_hear_of_the_death_of_a_job() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    let mut reader = administrator.listen(Over::Stream, EVENTS, Some(&app.now().await)).await;

    let (task, job) = dead(&app, &administrator).await;

    let event = reader.event().await;
    assert_eq!((&event["kind"], &event["job"]["id"]), (&json!("DIED"), &job["id"]));
    assert_eq!(event["changed"], json!(["status", "lastError", "diedAt"]));
    assert_eq!(event["job"]["payload"], json!([{ "id": task.task_id.to_string() }]));
}

#[tokio::test]
async fn an_administrator_retries_a_dead_job_which_then_has_all_its_attempts() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    let (task, job) = dead(&app, &administrator).await;
    let mut reader = administrator.listen(Over::Socket, EVENTS, Some(&app.now().await)).await;
    give(task.task_id, Act::Succeed);

    let retried = administrator.change("retryJob", json!({ "jobId": job["id"] }), "{ job { status attempts diedAt } }");
    let retried = retried.await;
    let event = reader.event().await;
    app.worker().run_due().await.unwrap();

    assert_eq!(retried["job"], json!({ "status": "WAITING", "attempts": 0, "diedAt": null }));
    assert_eq!((&event["kind"], &event["job"]["status"]), (&json!("RETRIED"), &json!("WAITING")));
    assert_eq!(app.effects().await, [task.task_id.to_string()]);
    let trail = "{ auditEvents(filter: { occurredAt: { from: \"2026-01-01T00:00:00Z\" }, resourceType: \"job\" }) {
        nodes { operation verb actorKind changes { field } } } }";
    let entries = administrator.ask(trail, json!({})).await;
    let entries = entries["auditEvents"]["nodes"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "what the server does with a job is not in the trail: {entries:?}");
    assert_eq!((&entries[0]["operation"], &entries[0]["actorKind"]), (&json!("retryJob"), &json!("ADMIN")));
}

#[tokio::test]
async fn a_job_is_not_retried_beside_one_with_its_key() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    let (_, job) = dead(&app, &administrator).await;
    let clinic = app.value("select clinic_id from jobs").await.as_str().unwrap().parse().unwrap();
    app.add(task(Act::Succeed).in_clinic(clinigraph::kernel::Id::from_uuid(clinic)).unless_waiting("key")).await;

    let error = administrator.refused("retryJob", json!({ "jobId": job["id"] })).await;

    assert_eq!(error["extensions"]["code"], "DUPLICATE", "{error}");
    assert_eq!(error["message"], "a job of this kind with this key waits already; drop this one instead");
}

#[tokio::test]
async fn an_administrator_drops_a_job_that_is_dead_or_waits() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    let (_, job) = dead(&app, &administrator).await;
    let mut reader = administrator.listen(Over::Stream, EVENTS, Some(&app.now().await)).await;

    let selection = "{ droppedJobId clinic { name } }";
    let dropped = administrator.change("dropJob", json!({ "jobId": job["id"] }), selection).await;
    app.add(task(Act::Succeed).of_platform()).await;
    let waiting = administrator.job().await;
    let other = administrator.change("dropJob", json!({ "jobId": waiting["id"] }), selection).await;
    let again = administrator.refused("dropJob", json!({ "jobId": job["id"] })).await;

    assert_eq!(dropped, json!({ "droppedJobId": job["id"], "clinic": { "name": "Oak" } }));
    assert_eq!(other["clinic"], Value::Null);
    let event = reader.event().await;
    assert_eq!((&event["kind"], &event["job"]), (&json!("DROPPED"), &Value::Null));
    assert_eq!(again["extensions"]["code"], "NOT_FOUND");
    assert_eq!(app.worker().run_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_that_is_not_dead_is_not_retried_and_one_that_runs_is_not_dropped() {
    let app = TestApp::with_effects().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let gate = Gate::closed();
    app.add(task(Act::Hold(gate.clone())).in_clinic(oak.typed())).await;
    let job = administrator.job().await;
    let input = json!({ "jobId": job["id"] });
    let waiting = administrator.refused("retryJob", input.clone()).await;
    let worker = app.worker();
    let working = tokio::spawn(async move { worker.run_due().await.unwrap() });
    gate.has(1).await;

    let running = administrator.refused("dropJob", input.clone()).await;
    gate.open();
    working.await.unwrap();

    assert_eq!(waiting["message"], "only a job that is DEAD can be retried; this one is WAITING");
    assert_eq!(running["message"], "a job cannot be dropped while it is RUNNING; this one is RUNNING");
    for error in [waiting, running] {
        assert_eq!(error["extensions"]["code"], "INVALID_TRANSITION");
    }
    let wrong = administrator.refused("retryJob", json!({ "jobId": oak.api_id() })).await;
    assert_eq!(wrong["extensions"]["code"], "INVALID_ID");
}

#[tokio::test]
async fn jobs_are_counted_by_kind_and_status() {
    let app = TestApp::with_effects().await;
    let administrator = app.administrator().await;
    dead(&app, &administrator).await;
    app.add(task(Act::Succeed).of_platform()).await;

    let query = "{ jobCounts { total byStatus { status count } byKind { kind count } deadByKind { kind count } } }";
    let counts = administrator.ask(query, json!({})).await;

    assert_eq!(
        counts["jobCounts"],
        json!({
            "total": 2,
            "byStatus": [{ "status": "WAITING", "count": 1 }, { "status": "DEAD", "count": 1 }],
            "byKind": [{ "kind": "test_task", "count": 2 }],
            "deadByKind": [{ "kind": "test_task", "count": 1 }],
        })
    );
}
