//! Endpoints: what is refused when they are stored, their statuses, and their removal.

use serde_json::json;

use super::hooks;
use crate::harness::{
    TestApp,
    receiver::{Receiver, answers},
};

#[tokio::test]
async fn all_that_is_wrong_with_an_endpoint_is_reported_at_once() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let problems = manager
        .problems(
            "createWebhookEndpoint",
            json!({
                "url": "https://10.0.0.1/hook",
                "description": "x".repeat(201),
                "eventKinds": ["ticket.opened", "ticket.exploded", "weather.changed"],
                "query": "mutation ($id: ID!) { closeTicket }",
            }),
        )
        .await;

    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["input.description", "input.eventKinds.1", "input.eventKinds.2", "input.url", "input.query"]);
    let message = |path: &str| problems.iter().find(|(known, _)| known == path).unwrap().1.clone();
    assert!(
        message("input.eventKinds.1").starts_with("must be a kind of events, one of ticket.opened, ticket.replied")
    );
    assert_eq!(message("input.url"), "cannot be used: the address does not belong to the public internet");
}

#[tokio::test]
async fn an_address_is_checked_whenever_it_is_stored() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook("https://8.8.8.8/hook", json!({})).await;
    for (url, reason) in [
        ("http://8.8.8.8/", "the address must begin with https://"),
        ("https://8.8.8.8:8443/", "the address has a port that is not allowed"),
        ("https://user:password@8.8.8.8/", "the address must not have a user name or a password"),
        ("https://127.0.0.1/", "the address does not belong to the public internet"),
        ("https://[::ffff:169.254.169.254]/latest", "the address does not belong to the public internet"),
        ("https://localhost/", "the address does not belong to the public internet"),
    ] {
        for (field, input) in [
            ("createWebhookEndpoint", json!({ "url": url })),
            ("updateWebhookEndpoint", json!({ "url": url, "webhookEndpointId": hook.id })),
        ] {
            let problems = manager.problems(field, input).await;
            assert_eq!(problems, [("input.url".to_owned(), format!("cannot be used: {reason}"))], "{field} {url}");
        }
    }
}

#[tokio::test]
async fn a_query_is_checked_when_it_is_stored() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let deep =
        format!("query ($id: ID!) {{ ticket(id: $id) {} }}", "{ clinic { tickets { nodes ".repeat(9) + &"}".repeat(18));
    for (query, reason) in [
        ("{", "is not a valid query"),
        ("query ($id: ID!) { ticket(id: $id) { weather } }", "is not a valid query"),
        ("subscription ($id: ID!) { ticketEvents(ticketId: $id) { cursor } }", "must be a query"),
        ("{ tickets { totalCount } }", "must have one variable"),
        ("query ($id: ID) { node(id: $id) { id } }", "must have one variable"),
        ("query ($key: ID!) { node(id: $key) { id } }", "must have one variable"),
        (
            "query ($id: ID!, $more: Int) { node(id: $id) { id } tickets(first: $more) { totalCount } }",
            "must have one variable",
        ),
        ("query ($id: ID!) { node(id: $id) { id } __schema { description } }", "must not read the schema"),
        (&deep, ""),
    ] {
        let problems =
            manager.problems("createWebhookEndpoint", json!({ "url": "https://8.8.8.8/", "query": query })).await;
        assert!(problems.len() == 1 && problems[0].0 == "input.query", "{query}: {problems:?}");
        assert!(problems[0].1.contains(reason), "{query}: {problems:?}");
    }
}

#[tokio::test]
async fn an_endpoint_changes_its_status_as_declared_and_by_its_version() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;

    let paused = manager.change_webhook("pauseWebhookEndpoint", &hook.id).await;
    assert_eq!((&paused["status"], &paused["version"]), (&json!("PAUSED"), &json!(2)));
    manager.open_ticket("While it is paused").await;
    app.send_webhooks().await;
    let stale = json!({ "webhookEndpointId": hook.id, "expectedVersion": 1 });
    assert_eq!(manager.refused("resumeWebhookEndpoint", stale).await["extensions"]["code"], "STALE_OBJECT");
    let resumed = manager.change_webhook("resumeWebhookEndpoint", &hook.id).await;
    assert_eq!((&resumed["status"], &resumed["version"]), (&json!("ACTIVE"), &json!(3)));
    manager.open_ticket("Afterwards").await;
    app.send_webhooks().await;

    assert_eq!(
        (receiver.received().len(), manager.delivery_statuses(&hook.id).await),
        (1, vec!["DELIVERED".to_owned()])
    );
}

#[tokio::test]
async fn deliveries_that_wait_when_an_endpoint_is_paused_go_on_when_it_is_resumed() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number == 0 { 500 } else { 200 })).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.send_webhooks().await;
    manager.change_webhook("pauseWebhookEndpoint", &hook.id).await;

    assert_eq!(app.send_webhooks_after(chrono::TimeDelta::minutes(1)).await, 0);
    manager.change_webhook("resumeWebhookEndpoint", &hook.id).await;
    assert_eq!(app.send_webhooks().await, 1);

    assert_eq!(manager.delivery_statuses(&hook.id).await, ["DELIVERED"]);
}

#[tokio::test]
async fn a_removed_endpoint_gets_nothing_and_its_log_remains() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(500)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.send_webhooks().await;

    let input = json!({ "webhookEndpointId": hook.id });
    let removed = manager.change("removeWebhookEndpoint", input, "{ removedWebhookEndpointId clinic { name } }").await;
    assert_eq!(removed, json!({ "removedWebhookEndpointId": hook.id, "clinic": { "name": "Oak" } }));
    manager.open_ticket("Phone").await;
    assert_eq!(app.send_webhooks_after(chrono::TimeDelta::hours(1)).await, 0);

    assert!(manager.webhook(&hook.id, "{ id }").await.is_null());
    let log = manager.deliveries(&hook.id, "{ status reason endpoint { id } }").await;
    assert_eq!(log, [json!({ "status": "FAILED", "reason": "ENDPOINT_REMOVED", "endpoint": { "id": hook.id } })]);
}

#[tokio::test]
async fn a_clinic_has_fifty_endpoints_at_most() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    app.execute(&format!(
        "insert into webhook_endpoints (id, clinic_id, owner_user_id, url, secret_enc)
         select gen_random_uuid(), '{}', '{}', 'https://x.example', 'x' from generate_series(1, 49)",
        clinic.id, manager.user_id
    ))
    .await;

    manager.create_webhook("https://8.8.8.8/", json!({})).await;
    let refused = manager.refused("createWebhookEndpoint", json!({ "url": "https://8.8.8.8/" })).await;

    assert_eq!(
        (&refused["extensions"]["code"], &refused["extensions"]["limit"]),
        (&json!("LIMIT_REACHED"), &json!(50))
    );
}

#[tokio::test]
async fn what_happens_to_an_endpoint_is_in_the_activity_and_in_the_trail() {
    let app = hooks().await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook("https://8.8.8.8/a?token=secret", json!({})).await;
    let update = json!({ "webhookEndpointId": hook.id, "url": "https://8.8.8.8/b?token=secret", "eventKinds": [] });
    manager.change("updateWebhookEndpoint", update, "{ webhookEndpoint { eventKinds } }").await;
    manager.change_webhook("pauseWebhookEndpoint", &hook.id).await;

    let events = app.rows("select kind, changed from outbox_events where topic = 'webhook_endpoint' order by id").await;
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["created", "updated", "paused"]);
    assert_eq!(events[1]["changed"], json!(["url", "updatedAt", "version"]));
    let trail = app.rows("select changes::text as changes from audit_events where resource_type = 'webhook_endpoint' order by occurred_at").await;
    assert_eq!(trail.len(), 3);
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains("token=secret") && text.contains("paused"), "{text}");
}
