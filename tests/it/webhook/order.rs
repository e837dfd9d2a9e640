//! The events of an object arrive in their order; other objects do not wait for it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::hooks;
use crate::harness::receiver::{Received, Receiver, answers};

/// Kind and subject of each request that was answered well.
fn kinds_of(received: &[Received], subject: &str) -> Vec<Value> {
    let bodies = received.iter().map(Received::json).filter(|body| body["data"]["subjectId"] == subject);
    bodies.map(|body| body["type"].clone()).collect()
}

#[tokio::test]
async fn an_event_waits_until_the_earlier_ones_of_its_object_were_accepted() {
    let app = hooks().await;
    // The first event of the first ticket fails twice.
    let receiver = Receiver::deciding(|_, request| {
        let attempt_fails = request.body.contains("ticket.opened") && request.body.contains("PRINTER");
        answers(if attempt_fails { 500 } else { 200 })
    })
    .await;
    let clinic = app.clinic("Oak").await;
    let (manager, ada) = (clinic.manager().await, app.administrator().await);
    let query = "query ($id: ID!) { ticket(id: $id) { title } }";
    let hook = manager
        .create_webhook(
            &receiver.url("/"),
            json!({ "query": query, "eventKinds": ["ticket.opened", "ticket.status_changed"] }),
        )
        .await;
    let (stuck, other) = (manager.open_ticket("PRINTER").await, manager.open_ticket("Phone").await);
    app.send_webhooks().await;
    ada.change_ticket_status(&stuck, "IN_PROGRESS").await;
    ada.change_ticket_status(&other, "IN_PROGRESS").await;
    ada.change_ticket_status(&stuck, "RESOLVED").await;
    app.send_webhooks().await;

    assert_eq!(kinds_of(&receiver.received(), &stuck), ["ticket.opened"]);
    assert_eq!(kinds_of(&receiver.received(), &other), ["ticket.opened", "ticket.status_changed"]);
    let waiting = manager.deliveries(&hook.id, "{ status nextAttemptAt subject { id } }").await;
    let waiting: Vec<_> = waiting.iter().filter(|one| one["subject"]["id"] == json!(stuck)).collect();
    let has_time: Vec<_> = waiting.iter().map(|one| one["nextAttemptAt"].is_string()).collect();
    assert_eq!(has_time, [true, false, false], "{waiting:?}");

    // Given up: the others follow, in their order.
    app.execute(
        "update webhook_deliveries set attempt_count = 9 where status = 'pending' and next_attempt_at is not null",
    )
    .await;
    app.send_webhooks_after(TimeDelta::seconds(7)).await;

    let kinds = kinds_of(&receiver.received(), &stuck);
    assert_eq!(kinds, ["ticket.opened", "ticket.opened", "ticket.status_changed", "ticket.status_changed"]);
    assert_eq!(manager.delivery_statuses(&hook.id).await.iter().filter(|status| *status == "FAILED").count(), 1);
    let order: Vec<_> = app
        .rows("select event_number, finished_at from webhook_deliveries where reason is null order by finished_at, event_number")
        .await;
    assert_eq!(order.len(), 4);
}

#[tokio::test]
async fn many_events_of_one_object_arrive_in_their_order() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let clinic = app.clinic("Oak").await;
    let (manager, ada) = (clinic.manager().await, app.administrator().await);
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.priority_changed"] })).await;
    let ticket = manager.open_ticket("Printer").await;
    for priority in ["LOW", "HIGH", "URGENT", "MEDIUM", "LOW", "HIGH"] {
        let input = json!({ "ticketId": ticket, "priority": priority });
        ada.change_ticket("changeTicketPriority", input, "{ id }").await;
    }

    // By two processes.
    app.has_read_all_events().await;
    let (one, other) = (app.dispatcher(), app.dispatcher());
    let (one, other) = tokio::join!(one.run_due(), other.run_due());
    assert!(one.unwrap() + other.unwrap() <= 6);
    app.send_webhooks().await;

    let log = manager.deliveries(&hook.id, "{ eventId status }").await;
    let logged: Vec<_> = log.iter().map(|one| one["eventId"].as_str().unwrap().to_owned()).collect();
    let received = receiver.received();
    let arrived: Vec<_> = received.iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect();
    let numbers = app.rows("select event_id from webhook_deliveries order by event_number").await;
    let numbers: Vec<_> = numbers.iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((arrived.len(), &arrived), (6, &numbers));
    assert_eq!(logged.len(), 6);
}
