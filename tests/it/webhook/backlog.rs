//! Deliveries that wait for an endpoint are bounded.

use clinigraph::webhook::MOST_WAITING;
use serde_json::json;

use super::hooks;
use crate::harness::{
    receiver::{Receiver, answers},
    uuid,
};

#[tokio::test]
async fn an_endpoint_with_too_many_waiting_deliveries_is_disabled() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    app.execute(&format!(
        "insert into webhook_deliveries (id, clinic_id, endpoint_id, event_number, event_id, kind, subject_type, subject_id, occurred_at, created_at, next_attempt_at)
         select gen_random_uuid(), '{}', '{}', 1000000 + n, 'event_x', 'ticket.opened', 'ticket', gen_random_uuid(), now(), now(), now() + interval '1 day'
         from generate_series(1, {}) as n",
        clinic.id,
        uuid(&hook.id),
        MOST_WAITING - 1
    ))
    .await;
    for title in ["Fits", "Too many", "Too many"] {
        manager.open_ticket(title).await;
    }

    app.send_webhooks().await;

    let endpoint = manager.webhook(&hook.id, "{ status disabledReason droppedEvents }").await;
    assert_eq!(endpoint, json!({ "status": "DISABLED", "disabledReason": "BACKLOG", "droppedEvents": 2 }));
    let counts = app.rows("select status, reason, count(*) from webhook_deliveries group by 1, 2").await;
    assert_eq!(counts, [json!({ "status": "failed", "reason": "endpoint_disabled", "count": MOST_WAITING })]);
    // A part of them at a time.
    manager.change_webhook("resumeWebhookEndpoint", &hook.id).await;
    let now = app.clock.now();
    let range = json!({ "webhookEndpointId": hook.id, "from": now - chrono::TimeDelta::hours(1), "until": now + chrono::TimeDelta::hours(1) });
    let repeated = manager.change("redeliverFailedWebhooks", range, "{ redeliveredCount }").await;
    assert_eq!(repeated["redeliveredCount"], 1000);
}
