//! Repeating deliveries, one of them or the failed ones of a range of time.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::hooks;
use crate::harness::receiver::{Receiver, answers};

/// All that wait are in their last attempt.
const LAST: &str = "update webhook_deliveries set attempt_count = 9 where status = 'pending'";

#[tokio::test]
async fn a_delivery_that_has_ended_is_repeated_under_the_same_id() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.send_webhooks().await;
    let delivery = manager.deliveries(&hook.id, "{ id viewerCanRedeliver }").await[0].clone();
    assert_eq!(delivery["viewerCanRedeliver"], true);
    let input = json!({ "webhookDeliveryId": delivery["id"] });

    let again = manager
        .change("redeliverWebhook", input.clone(), "{ webhookDelivery { status attemptCount viewerCanRedeliver } }")
        .await;
    assert_eq!(
        again["webhookDelivery"],
        json!({ "status": "PENDING", "attemptCount": 0, "viewerCanRedeliver": false })
    );
    assert_eq!(manager.refused("redeliverWebhook", input.clone()).await["extensions"]["code"], "INVALID_TRANSITION");
    app.send_webhooks().await;

    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    let log = manager.deliveries(&hook.id, "{ status attempts { status } }").await;
    assert_eq!(log, [json!({ "status": "DELIVERED", "attempts": [{ "status": 200 }, { "status": 200 }] })]);
    manager.change_webhook("pauseWebhookEndpoint", &hook.id).await;
    assert_eq!(manager.refused("redeliverWebhook", input.clone()).await["extensions"]["code"], "INVALID_TRANSITION");
    let stranger = app.clinic("Elm").await.manager().await;
    assert_eq!(stranger.refused("redeliverWebhook", input).await["extensions"]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn the_failed_ones_of_a_range_of_time_are_repeated_in_order() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number < 3 { 500 } else { 200 })).await;
    let clinic = app.clinic("Oak").await;
    let (manager, ada) = (clinic.manager().await, app.administrator().await);
    let kinds = json!({ "eventKinds": ["ticket.opened", "ticket.status_changed"] });
    let hook = manager.create_webhook(&receiver.url("/"), kinds).await;
    let from = app.clock.now() - TimeDelta::minutes(1);
    let ticket = manager.open_ticket("Printer").await;
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    ada.change_ticket_status(&ticket, "RESOLVED").await;
    app.has_read_all_events().await;
    for _ in 0..3 {
        // The events are recorded, and each first attempt is the last.
        app.send_webhooks().await;
        app.execute(LAST).await;
        app.send_webhooks_after(TimeDelta::minutes(10)).await;
    }
    let before = receiver.received().len();
    let failed = manager.delivery_statuses(&hook.id).await.iter().filter(|status| *status == "FAILED").count();
    let range = |from, until| json!({ "webhookEndpointId": hook.id, "from": from, "until": until });
    let until = app.clock.now() + TimeDelta::minutes(1);

    let early = manager
        .change("redeliverFailedWebhooks", range(from - TimeDelta::hours(1), from), "{ redeliveredCount }")
        .await;
    assert_eq!(early["redeliveredCount"], 0);
    let repeated = manager
        .change("redeliverFailedWebhooks", range(from, until), "{ redeliveredCount webhookEndpoint { status } }")
        .await;
    assert_eq!(repeated["redeliveredCount"], failed);
    assert!(failed > 0);
    app.send_webhooks().await;

    assert!(manager.delivery_statuses(&hook.id).await.iter().all(|status| status == "DELIVERED"));
    assert_eq!(receiver.received().len(), before + failed);
    let problems = manager.problems("redeliverFailedWebhooks", range(until, from)).await;
    assert_eq!(problems, [("input.until".to_owned(), "must be later than `from`".to_owned())]);
}

#[tokio::test]
async fn a_repeated_delivery_waits_for_what_is_on_its_way_about_the_same_object() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number == 1 { 500 } else { 200 })).await;
    let clinic = app.clinic("Oak").await;
    let (manager, ada) = (clinic.manager().await, app.administrator().await);
    let kinds = json!({ "eventKinds": ["ticket.opened", "ticket.status_changed"] });
    let hook = manager.create_webhook(&receiver.url("/"), kinds).await;
    let ticket = manager.open_ticket("Printer").await;
    app.send_webhooks().await;
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    app.send_webhooks().await;
    let log = manager.deliveries(&hook.id, "{ id status nextAttemptAt }").await;
    assert_eq!((&log[0]["status"], &log[1]["status"]), (&json!("DELIVERED"), &json!("PENDING")));

    manager
        .change("redeliverWebhook", json!({ "webhookDeliveryId": log[0]["id"] }), "{ webhookDelivery { id } }")
        .await;
    let waits = manager.deliveries(&hook.id, "{ nextAttemptAt }").await;
    assert_eq!(waits[0]["nextAttemptAt"], Value::Null);
    app.send_webhooks_after(TimeDelta::seconds(7)).await;

    let kinds: Vec<_> = receiver.received().iter().map(|request| request.json()["type"].clone()).collect();
    assert_eq!(kinds, ["ticket.opened", "ticket.status_changed", "ticket.status_changed", "ticket.opened"]);
}
