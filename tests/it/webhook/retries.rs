//! Attempts: how many there are, when they are made, and what receivers can ask for.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{hooks, person::Webhook, signed_with};
use crate::harness::{
    Person, TestApp,
    receiver::{Does, Receiver, answers},
};

/// An endpoint at a receiver, with one event to deliver.
async fn opened(app: &TestApp, receiver: &Receiver) -> (Person, Webhook) {
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    (manager, hook)
}

async fn only(person: &Person, hook: &Webhook, selection: &str) -> Value {
    let log = person.deliveries(&hook.id, selection).await;
    assert_eq!(log.len(), 1);
    log[0].clone()
}

/// How long from now until the next attempt.
async fn wait(app: &TestApp, person: &Person, hook: &Webhook) -> TimeDelta {
    let delivery = only(person, hook, "{ nextAttemptAt }").await;
    let next: DateTime<Utc> = delivery["nextAttemptAt"].as_str().unwrap().parse().unwrap();
    next - app.clock.now()
}

#[tokio::test]
async fn a_delivery_that_fails_is_repeated_under_the_same_id_with_a_new_signature() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number < 2 { 500 } else { 200 })).await;
    let (manager, hook) = opened(&app, &receiver).await;

    app.send_webhooks().await;
    let failed = only(&manager, &hook, "{ status attemptCount attempts { status error } }").await;
    assert_eq!((&failed["status"], &failed["attemptCount"]), (&json!("PENDING"), &json!(1)));
    assert_eq!(failed["attempts"], json!([{ "status": 500, "error": "the endpoint answered with the status 500" }]));
    assert_eq!(app.send_webhooks_after(TimeDelta::seconds(7)).await, 1);
    // Not before its time.
    assert_eq!(app.send_webhooks().await, 0);
    assert_eq!(app.send_webhooks_after(TimeDelta::minutes(7)).await, 1);

    let received = receiver.received();
    let ids: Vec<_> = received.iter().map(|request| request.header("webhook-id").unwrap()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(received.iter().all(|request| request.body == received[0].body));
    assert!(received.iter().all(|request| signed_with(request, &[&hook.secret]) == [true]));
    let seconds = |at: usize| received[at].header("webhook-timestamp").unwrap().parse::<i64>().unwrap();
    assert!(seconds(2) - seconds(0) >= 420, "each attempt has its own time");
    let done = only(&manager, &hook, "{ status attemptCount nextAttemptAt attempts { status } }").await;
    assert_eq!((&done["status"], &done["nextAttemptAt"]), (&json!("DELIVERED"), &Value::Null));
    assert_eq!(done["attempts"], json!([{ "status": 500 }, { "status": 500 }, { "status": 200 }]));
}

#[tokio::test]
async fn a_delivery_is_given_up_after_ten_attempts_over_three_days() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(500)).await;
    let (manager, hook) = opened(&app, &receiver).await;
    let begun = app.clock.now();

    let mut waits = Vec::new();
    app.send_webhooks().await;
    while receiver.received().len() < 10 {
        let manager = app.signed_in(manager.user_id, Some(clinic_of(&app).await)).await;
        let log = only(&manager, &hook, "{ nextAttemptAt attempts { at } }").await;
        let time = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        let next = time(&log["nextAttemptAt"]);
        waits.push(next - time(&log["attempts"].as_array().unwrap().last().unwrap()["at"]));
        assert_eq!(app.send_webhooks_after(next - app.clock.now()).await, 1);
    }

    let manager = app.signed_in(manager.user_id, Some(clinic_of(&app).await)).await;
    let minutes = [5.0 / 60.0, 5.0, 30.0, 120.0, 300.0, 600.0, 840.0, 1200.0, 1440.0];
    for (wait, least) in waits.iter().zip(minutes) {
        let wait = wait.num_milliseconds() as f64 / 60_000.0;
        // The attempt itself takes a moment.
        assert!(wait >= least && wait < least * 1.2 + 0.5, "{wait} minutes, not {least}");
    }
    assert!((app.clock.now() - begun).num_hours() >= 75);
    let log = only(&manager, &hook, "{ status reason attemptCount nextAttemptAt finishedAt attempts { at } }").await;
    assert_eq!((&log["status"], &log["reason"]), (&json!("FAILED"), &json!("ATTEMPTS_FAILED")));
    assert_eq!((&log["attemptCount"], log["attempts"].as_array().unwrap().len()), (&json!(10), 10));
    assert_eq!(app.send_webhooks_after(TimeDelta::days(5)).await, 0);
}

async fn clinic_of(app: &TestApp) -> uuid::Uuid {
    app.value("select id from clinics").await.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_receiver_that_is_busy_is_left_alone_as_long_as_it_asks_for() {
    for (status, asks) in [(429, true), (503, true), (502, true), (504, true), (500, false)] {
        let app = hooks().await;
        let headers = "retry-after: 7200\r\n".to_owned();
        let receiver = Receiver::new(Does::Answer { status, headers, body: String::new() }).await;
        let (manager, hook) = opened(&app, &receiver).await;

        app.send_webhooks().await;

        let wait = wait(&app, &manager, &hook).await;
        assert_eq!(wait > TimeDelta::seconds(7100), asks, "{status}: {wait}");
    }
}
