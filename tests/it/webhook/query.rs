//! The stored query: it runs when the event is sent, with the owner's rights, and what it returns is sent with the event.

use serde_json::{Value, json};

use super::hooks;
use crate::harness::receiver::{Receiver, answers};

#[tokio::test]
async fn the_object_is_sent_as_it_is_then_and_as_the_owner_sees_it() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let query =
        "query ($id: ID!) { ticket(id: $id) { title status messages { nodes { body } } } viewer { user { id } } }";
    let chosen = json!({ "query": query, "eventKinds": ["ticket.opened"] });
    let hook = manager.create_webhook(&receiver.url("/"), chosen).await;
    let ticket = manager.open_ticket("Printer").await;
    ada.reply(&ticket, "Seen.", false).await;
    ada.reply(&ticket, "Among us.", true).await;
    // The session of the owner has ended.
    manager.ask("mutation { signOut { __typename } }", json!({})).await;

    app.send_webhooks().await;

    let data = receiver.received()[0].json()["data"].clone();
    let seen = json!({
        "ticket": { "title": "Printer", "status": "OPEN", "messages": { "nodes": [{ "body": "Seen." }] } },
        "viewer": { "user": { "id": manager.api_id() } },
    });
    assert_eq!((&data["object"], &data["objectErrors"]), (&seen, &Value::Null));
    assert!(hook.id.starts_with("webhook_endpoint_"));
}

#[tokio::test]
async fn an_object_of_another_clinic_is_null() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let (oak, elm) = (app.clinic("Oak").await.manager().await, app.clinic("Elm").await.manager().await);
    let theirs = elm.open_ticket("Theirs").await;
    let query = format!(
        "query ($id: ID!) {{ mine: node(id: $id) {{ id }} theirs: ticket(id: \"{theirs}\") {{ title }} tickets {{ nodes {{ title }} }} }}"
    );
    oak.create_webhook(&receiver.url("/"), json!({ "query": query, "eventKinds": ["ticket.opened"] })).await;
    let mine = oak.open_ticket("Mine").await;

    app.send_webhooks().await;

    let object = receiver.received()[0].json()["data"]["object"].clone();
    assert_eq!(
        object,
        json!({ "mine": { "id": mine }, "theirs": null, "tickets": { "nodes": [{ "title": "Mine" }] } })
    );
}

#[tokio::test]
async fn a_result_that_is_too_long_is_left_out() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "query ($id: ID!) { a: ticket(id: $id) { description } b: ticket(id: $id) { description } c: ticket(id: $id) { description } }";
    manager.create_webhook(&receiver.url("/"), json!({ "query": query, "eventKinds": ["ticket.opened"] })).await;
    let long = json!({ "title": "Long", "description": "x".repeat(9_000) });
    manager.change_ticket("openTicket", long, "{ id }").await;

    app.send_webhooks().await;

    let received = &receiver.received()[0];
    assert!(received.body.len() < 20_000);
    let data = received.json()["data"].clone();
    assert_eq!(data.get("object"), None);
    assert!(data["objectErrors"][0]["message"].as_str().unwrap().contains("longer than 20,000 bytes"));
}

#[tokio::test]
async fn errors_of_the_query_are_sent_with_the_event() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "query ($id: ID!) { ticket(id: $id) { title } jobs { totalCount } }";
    manager.create_webhook(&receiver.url("/"), json!({ "query": query, "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;

    app.send_webhooks().await;

    let data = receiver.received()[0].json()["data"].clone();
    assert_eq!(data["object"], json!({ "ticket": { "title": "Printer" }, "jobs": null }));
    assert_eq!(data["objectErrors"][0]["extensions"]["code"], "FORBIDDEN");
}
