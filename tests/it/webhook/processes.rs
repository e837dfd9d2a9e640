//! Several processes, and ones that stop in the middle.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use super::{hooks, signed_with};
use crate::harness::receiver::{Does, Receiver, answers};

/// The process stops when the receiver has the request and has not answered.
#[tokio::test]
async fn a_delivery_whose_process_stops_is_repeated_under_the_same_id() {
    let app = hooks().await;
    let receiver =
        Receiver::deciding(
            |number, _| {
                if number == 0 { Does::AnswerLate(Duration::from_millis(400)) } else { answers(200) }
            },
        )
        .await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.has_read_all_events().await;
    let dispatcher = app.dispatcher();
    let process = tokio::spawn(async move { dispatcher.run_due().await });
    receiver.wait_for(1).await;
    process.abort();
    assert!(process.await.unwrap_err().is_cancelled());

    // Not while the other could still be at it.
    assert_eq!(app.send_webhooks().await, 0);
    assert_eq!(app.send_webhooks_after(TimeDelta::seconds(91)).await, 1);

    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert!(received.iter().all(|request| signed_with(request, &[&hook.secret]) == [true]));
    let log = manager.deliveries(&hook.id, "{ status attemptCount attempts { status } }").await;
    assert_eq!(log, [json!({ "status": "DELIVERED", "attemptCount": 2, "attempts": [{ "status": 200 }] })]);
}

#[tokio::test]
async fn several_processes_send_each_event_once() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let (oak, elm) = (app.clinic("Oak").await.manager().await, app.clinic("Elm").await.manager().await);
    let kinds = json!({ "eventKinds": ["ticket.opened"] });
    let (ours, theirs) = (
        oak.create_webhook(&receiver.url("/oak"), kinds.clone()).await,
        elm.create_webhook(&receiver.url("/elm"), kinds).await,
    );
    for number in 0..15 {
        oak.open_ticket(&format!("Oak {number}")).await;
        elm.open_ticket(&format!("Elm {number}")).await;
    }
    app.has_read_all_events().await;

    let processes = [app.dispatcher(), app.dispatcher(), app.dispatcher()];
    let sent = futures_util::future::join_all(processes.iter().map(super::Dispatcher::run_due)).await;
    let sent: usize = sent.into_iter().map(Result::unwrap).sum();

    assert_eq!((sent, receiver.received().len()), (30, 30));
    assert_eq!(oak.delivery_statuses(&ours.id).await, ["DELIVERED"; 15]);
    assert_eq!(elm.delivery_statuses(&theirs.id).await, ["DELIVERED"; 15]);
}

/// What a process has noted that was taken for stopped changes nothing.
#[tokio::test]
async fn a_process_that_lost_its_claim_notes_nothing() {
    let app = hooks().await;
    let receiver =
        Receiver::deciding(
            |number, _| if number == 0 { Does::AnswerLate(Duration::from_millis(300)) } else { answers(200) },
        )
        .await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.has_read_all_events().await;
    let slow = app.dispatcher();
    let process = tokio::spawn(async move { slow.run_due().await });
    receiver.wait_for(1).await;

    app.send_webhooks_after(TimeDelta::seconds(91)).await;
    process.await.unwrap().unwrap();

    let log = manager.deliveries(&hook.id, "{ status attemptCount attempts { status } }").await;
    assert_eq!(log, [json!({ "status": "DELIVERED", "attemptCount": 2, "attempts": [{ "status": 200 }] })]);
}

#[tokio::test]
async fn a_process_that_begins_goes_on_behind_what_was_recorded() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Before").await;
    app.send_webhooks().await;
    // No process runs now.
    manager.open_ticket("Between").await;
    let later = app.another().await;
    let mut progress = later.hub.progress();
    progress.wait_for(Option::is_some).await.unwrap();
    let dispatcher = super::Dispatcher::new(
        later.database.clone(),
        later.hub.clone(),
        &app.services,
        super::DispatcherSettings::default(),
    );
    app.has_read_all_events().await;
    let newest = app.value("select max(id) from outbox_events").await.as_i64().unwrap();
    progress.wait_for(|position| position.is_some_and(|position| position >= newest)).await.unwrap();

    dispatcher.unwrap().run_due().await.unwrap();

    assert_eq!(manager.delivery_statuses(&hook.id).await, ["DELIVERED", "DELIVERED"]);
    assert_eq!(receiver.received().len(), 2);
    later.stop();
}
