//! Receivers that misbehave: each costs one attempt, and the log says what happened.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hooks;
use crate::harness::receiver::{Does, Receiver, answers};

/// Status and error of the only attempt at a receiver, and how long it took.
async fn attempt_at(does: Does) -> (Value, Duration) {
    let app = hooks().await;
    let receiver = Receiver::new(does).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    let begun = Instant::now();
    app.send_webhooks().await;
    let took = begun.elapsed();
    let log = manager.deliveries(&hook.id, "{ status attempts { status error } }").await;
    (json!([log[0]["status"], log[0]["attempts"][0]["status"], log[0]["attempts"][0]["error"]]), took)
}

#[tokio::test]
async fn a_receiver_that_stalls_or_answers_late_has_not_accepted() {
    for does in [Does::Stall, Does::AnswerLate(Duration::from_secs(3))] {
        let (log, took) = attempt_at(does).await;

        assert_eq!(log, json!(["PENDING", null, "the server did not answer in time"]));
        assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_breaks_off_has_not_accepted() {
    let (log, _) = attempt_at(Does::BreakOff).await;

    let error = "the connection broke before the server had answered, or its answer was not HTTP";
    assert_eq!(log, json!(["PENDING", null, error]));
}

/// It has said that it accepts the event.
#[tokio::test]
async fn a_receiver_with_a_body_without_end_has_accepted() {
    for does in [Does::EndlessBody, Does::StallInBody, Does::BreakOffInBody] {
        let (log, took) = attempt_at(does).await;

        assert_eq!(log, json!(["DELIVERED", 200, null]));
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let target = Receiver::new(answers(200)).await;
    let headers = format!("location: {}\r\n", target.url("/elsewhere"));

    let (log, _) = attempt_at(Does::Answer { status: 302, headers, body: String::new() }).await;

    let error = "the endpoint answered with the status 302; redirects are not followed";
    assert_eq!(log, json!(["PENDING", 302, error]));
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn a_slow_receiver_delays_no_other() {
    let app = hooks().await;
    let (slow, quick) = (Receiver::new(Does::Stall).await, Receiver::new(answers(200)).await);
    let (oak, elm) = (app.clinic("Oak").await.manager().await, app.clinic("Elm").await.manager().await);
    oak.create_webhook(&slow.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    elm.create_webhook(&quick.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    for number in 0..12 {
        oak.open_ticket(&format!("Ours {number}")).await;
    }
    app.has_read_all_events().await;
    let dispatcher = app.dispatcher();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(async move { dispatcher.work(async { drop(stopped.await) }).await });
    slow.wait_for(4).await;

    let begun = Instant::now();
    elm.open_ticket("Theirs").await;
    quick.wait_for(1).await;

    assert!(begun.elapsed() < Duration::from_millis(550), "{:?}", begun.elapsed());
    // Not more at once than one endpoint may have.
    assert!(slow.received().len() <= 8, "{}", slow.received().len());
    drop(stop);
    working.await.unwrap();
}
