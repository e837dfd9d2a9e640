//! What arrives of an event, who gets which events, and what is in the log.

use serde_json::{Value, json};

use super::{hooks, signed_with};
use crate::harness::{
    reader::Over,
    receiver::{Receiver, answers},
};

#[tokio::test]
async fn an_event_arrives_signed_under_the_names_that_subscriptions_show() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(204)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let after = app.now().await;
    let hook = manager.create_webhook(&receiver.url("/hook?key=x"), json!({ "eventKinds": ["ticket.opened"] })).await;
    let ticket = manager.open_ticket("Printer").await;

    app.send_webhooks().await;

    let received = receiver.received();
    assert_eq!(received.len(), 1, "{received:?}");
    let received = &received[0];
    assert_eq!(received.line, "POST /hook?key=x");
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(signed_with(received, &[&hook.secret, "whsec_AAAA"]), [true, false]);
    let mut reader =
        manager.listen(Over::Stream, "subscription ($after: String) { clinicActivity(after: $after) { eventId cursor occurredAt kind changed subject { id } } }", Some(&after)).await;
    let event = loop {
        let event = reader.event().await;
        if event["kind"] == "TICKET_OPENED" {
            break event;
        }
    };
    let body = received.json();
    assert_eq!(received.header("webhook-id"), event["eventId"].as_str());
    assert_eq!((&body["type"], body.as_object().unwrap().len()), (&json!("ticket.opened"), 3));
    let at = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(at(&body["timestamp"]), at(&event["occurredAt"]));
    assert_eq!(
        body["data"],
        json!({ "eventId": event["eventId"], "cursor": event["cursor"], "kind": event["kind"], "subjectId": ticket, "changed": [] })
    );

    let log = manager
        .deliveries(
            &hook.id,
            "{ eventId cursor kind changed status reason attemptCount nextAttemptAt finishedAt subject { id } endpoint { id }
               attempts { status milliseconds requestHead responseHead responseBody error } }",
        )
        .await;
    assert_eq!(log.len(), 1);
    let log = &log[0];
    assert_eq!(
        (&log["status"], &log["kind"], &log["attemptCount"]),
        (&json!("DELIVERED"), &json!("ticket.opened"), &json!(1))
    );
    assert_eq!((&log["eventId"], &log["cursor"]), (&event["eventId"], &event["cursor"]));
    assert_eq!((&log["subject"]["id"], &log["endpoint"]["id"]), (&json!(ticket), &json!(hook.id)));
    let attempt = &log["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&json!(204), &Value::Null));
    let head = attempt["requestHead"].as_str().unwrap();
    // Neither what a receiver trusts nor a token in the address is in the log.
    assert!(
        head.starts_with("POST /hook?…\n") && head.contains("webhook-signature: …") && !head.contains("key=x"),
        "{head}"
    );
}

#[tokio::test]
async fn an_endpoint_gets_the_kinds_that_it_has_chosen_from_its_creation_on() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Before").await;
    let chosen = json!({ "eventKinds": ["ticket.status_changed", "ticket.opened", "ticket.opened"] });
    let hook = manager.create_webhook(&receiver.url("/"), chosen).await;

    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    ada.reply(&ticket, "Hello.", false).await;
    manager.open_ticket("After").await;
    app.send_webhooks().await;

    let mut kinds: Vec<_> = receiver.received().iter().map(|request| request.json()["type"].clone()).collect();
    kinds.sort_by_key(ToString::to_string);
    assert_eq!(kinds, ["ticket.opened", "ticket.status_changed"]);
    let kinds = manager.webhook(&hook.id, "{ eventKinds }").await;
    assert_eq!(kinds["eventKinds"], json!(["ticket.opened", "ticket.status_changed"]));
}

#[tokio::test]
async fn events_of_another_clinic_and_of_the_platform_alone_are_never_recorded() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, stranger, ada) = (oak.manager().await, elm.manager().await, app.administrator().await);
    let hook = manager.create_webhook(&receiver.url("/"), json!({})).await;
    let ticket = manager.open_ticket("Ours").await;

    stranger.open_ticket("Theirs").await;
    ada.reply(&ticket, "Among us.", true).await;
    app.send_webhooks().await;

    let log = manager.deliveries(&hook.id, "{ kind subject { id } }").await;
    let kinds: Vec<_> = log.iter().map(|delivery| delivery["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["webhook_endpoint.created", "ticket.opened"]);
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(app.value("select count(*) from webhook_deliveries").await, 2);
}

#[tokio::test]
async fn events_for_one_person_alone_are_sent_if_they_are_the_owner_and_have_chosen_them() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let clinic = app.clinic("Oak").await;
    let (owner, other, ada) = (clinic.manager().await, clinic.manager().await, app.administrator().await);
    let chosen = json!({ "eventKinds": ["notification.received"] });
    let hook = owner.create_webhook(&receiver.url("/chosen"), chosen).await;
    let all = owner.create_webhook(&receiver.url("/all"), json!({})).await;
    let (mine, others) = (owner.open_ticket("Mine").await, other.open_ticket("Others").await);

    // Who opened a ticket is notified of a reply.
    ada.reply(&mine, "Hello.", false).await;
    ada.reply(&others, "Hello.", false).await;
    app.send_webhooks().await;

    let notified = owner.ask("{ notifications { nodes { id } } }", json!({})).await;
    let notified = notified["notifications"]["nodes"].as_array().unwrap().clone();
    let log = owner.deliveries(&hook.id, "{ status subject { id } }").await;
    assert_eq!(log, [json!({ "status": "DELIVERED", "subject": { "id": notified[0]["id"] } })]);
    let of_all = owner.deliveries(&all.id, "{ kind }").await;
    assert!(of_all.iter().all(|one| !one["kind"].as_str().unwrap().starts_with("notification.")), "{of_all:?}");
}

#[tokio::test]
async fn a_test_is_sent_once_to_an_endpoint_of_any_status() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(500)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.change_webhook("pauseWebhookEndpoint", &hook.id).await;
    manager.open_ticket("While it is paused").await;
    let input = json!({ "webhookEndpointId": hook.id });
    let sent = manager.change("sendTestWebhook", input, "{ webhookDelivery { id eventId kind status cursor } }").await;

    app.send_webhooks().await;

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let (test, id) = (&sent["webhookDelivery"], &sent["webhookDelivery"]["id"]);
    assert_eq!((&test["eventId"], &test["kind"], &test["cursor"]), (id, &json!("webhook.test"), &Value::Null));
    assert_eq!(received[0].header("webhook-id"), id.as_str());
    assert_eq!(received[0].json()["data"]["subjectId"], hook.id);
    assert_eq!(signed_with(&received[0], &[&hook.secret]), [true]);
    assert_eq!(
        manager.deliveries(&hook.id, "{ status reason attemptCount }").await,
        [json!({ "status": "FAILED", "reason": "ATTEMPTS_FAILED", "attemptCount": 1 })]
    );
    // It says nothing about how deliveries do.
    let endpoint = manager.webhook(&hook.id, "{ status failingSince failedDeliveries }").await;
    assert_eq!(endpoint, json!({ "status": "PAUSED", "failingSince": null, "failedDeliveries": 0 }));
}

#[tokio::test]
async fn bodies_of_answers_are_shown_to_the_clinic_alone() {
    let app = hooks().await;
    let receiver = Receiver::new(crate::harness::receiver::Does::Answer {
        status: 200,
        headers: "x-one: 1\r\n".to_owned(),
        body: format!("{}\0{}", "x".repeat(1000), "y".repeat(1000)),
    })
    .await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.send_webhooks().await;

    let attempt = async |person: &crate::harness::Person| {
        person.deliveries(&hook.id, "{ attempts { responseHead responseBody } }").await[0]["attempts"][0].clone()
    };
    let seen = attempt(&manager).await;
    let body = seen["responseBody"].as_str().unwrap();
    assert_eq!((body.chars().count(), body.matches('y').count()), (1024, 23));
    assert!(seen["responseHead"].as_str().unwrap().contains("x-one: 1"));
    assert_eq!(attempt(&ada).await["responseBody"], Value::Null);
}
