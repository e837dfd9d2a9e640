//! Endpoints that fail for days or ask for no more are disabled, and people are notified.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::hooks;
use crate::harness::{
    Person,
    receiver::{Receiver, answers},
};

async fn notified(person: &Person) -> Vec<Value> {
    let query = "{ notifications(filter: { kind: WEBHOOK_DISABLED }) { nodes { body subject { id } } } }";
    person.ask(query, json!({})).await["notifications"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_endpoint_is_disabled_after_three_days_without_a_success() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number < 8 { 500 } else { 200 })).await;
    let clinic = app.clinic("Oak").await;
    let (owner, other) = (clinic.manager().await, clinic.manager().await);
    let hook = owner.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    for number in 0..3 {
        owner.open_ticket(&format!("Ticket {number}")).await;
    }
    app.send_webhooks().await;
    let failing = owner.webhook(&hook.id, "{ status failingSince failedDeliveries }").await;
    assert_eq!((&failing["status"], failing["failingSince"].is_string()), (&json!("ACTIVE"), true));
    let last = "update webhook_deliveries set attempt_count = 9 where id = (select id from webhook_deliveries where status = 'pending' order by id limit 1)";

    // Two were given up, and one in time: not yet.
    app.execute(last).await;
    app.send_webhooks_after(TimeDelta::seconds(10)).await;
    let owner = app.signed_in(owner.user_id, Some(clinic.id)).await;
    assert_eq!(
        owner.webhook(&hook.id, "{ status failedDeliveries }").await,
        json!({ "status": "ACTIVE", "failedDeliveries": 1 })
    );
    app.execute("update webhook_deliveries set attempt_count = 9 where status = 'pending'").await;
    app.send_webhooks_after(TimeDelta::days(3) + TimeDelta::minutes(1)).await;

    let (owner, other) =
        (app.signed_in(owner.user_id, Some(clinic.id)).await, app.signed_in(other.user_id, Some(clinic.id)).await);
    let disabled = owner.webhook(&hook.id, "{ status disabledReason failedDeliveries }").await;
    assert_eq!(disabled, json!({ "status": "DISABLED", "disabledReason": "FAILURES", "failedDeliveries": 3 }));
    for person in [&owner, &other] {
        let notified = notified(person).await;
        assert_eq!(notified.len(), 1);
        assert_eq!(notified[0]["subject"]["id"], hook.id);
        assert!(notified[0]["body"].as_str().unwrap().contains("none has succeeded for three days"));
    }
    // Nothing is recorded while it is disabled, and nothing repeated by itself when it is resumed.
    owner.open_ticket("While it is disabled").await;
    app.send_webhooks().await;
    let resumed = owner.change_webhook("resumeWebhookEndpoint", &hook.id).await;
    assert_eq!((&resumed["status"], &resumed["disabledReason"]), (&json!("ACTIVE"), &Value::Null));
    let before = receiver.received().len();
    app.send_webhooks().await;
    assert_eq!(
        (receiver.received().len(), owner.delivery_statuses(&hook.id).await),
        (before, vec!["FAILED".to_owned(); 3])
    );
}

#[tokio::test]
async fn a_success_ends_the_failing() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number == 0 { 500 } else { 200 })).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    manager.open_ticket("Printer").await;
    app.send_webhooks().await;
    assert!(manager.webhook(&hook.id, "{ failingSince }").await["failingSince"].is_string());

    app.send_webhooks_after(TimeDelta::seconds(7)).await;

    let endpoint = manager.webhook(&hook.id, "{ failingSince failedDeliveries }").await;
    assert_eq!(endpoint, json!({ "failingSince": null, "failedDeliveries": 0 }));
}

#[tokio::test]
async fn an_endpoint_that_answers_410_is_disabled_at_once() {
    let app = hooks().await;
    let receiver = Receiver::deciding(|number, _| answers(if number == 0 { 500 } else { 410 })).await;
    let clinic = app.clinic("Oak").await;
    let (owner, other) = (clinic.manager().await, clinic.manager().await);
    let hook = owner.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    owner.open_ticket("One").await;
    app.send_webhooks().await;
    owner.open_ticket("Two").await;
    app.send_webhooks().await;

    let disabled = owner.webhook(&hook.id, "{ status disabledReason }").await;
    assert_eq!(disabled, json!({ "status": "DISABLED", "disabledReason": "GONE" }));
    let log = owner.deliveries(&hook.id, "{ status reason }").await;
    assert_eq!(
        log,
        [json!({ "status": "FAILED", "reason": "ENDPOINT_DISABLED" }), json!({ "status": "FAILED", "reason": "GONE" })]
    );
    assert_eq!((notified(&owner).await.len(), notified(&other).await.len()), (1, 1));
    let stranger = app.clinic("Elm").await.manager().await;
    assert!(notified(&stranger).await.is_empty());
    let trail = "select operation from audit_events where resource_type = 'webhook_endpoint' and changes::text like '%disabled%' order by occurred_at";
    let trail = app.rows(trail).await;
    assert_eq!(trail.last().unwrap()["operation"], "job webhook_delivery", "{trail:?}");
}
