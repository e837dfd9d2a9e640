//! The log is retained for 30 days.

use serde_json::json;

use super::hooks;
use crate::harness::uuid;

#[tokio::test]
async fn deliveries_are_removed_after_30_days_unless_they_are_pending() {
    let app = hooks().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let hook = manager.create_webhook("https://8.8.8.8/", json!({ "eventKinds": ["ticket.opened"] })).await;
    app.execute(&format!(
        "insert into webhook_deliveries (id, clinic_id, endpoint_id, event_number, event_id, kind, subject_type, subject_id, occurred_at, created_at, status)
         select gen_random_uuid(), '{}', '{}', n, 'event_' || n, 'ticket.opened', 'ticket', gen_random_uuid(), now(),
                now() - n * interval '1 day', case when n = 40 then 'pending' else 'failed' end
         from generate_series(28, 40) as n",
        clinic.id,
        uuid(&hook.id)
    ))
    .await;
    app.work().await;

    app.clock.turn(chrono::TimeDelta::days(1));
    app.work().await;

    let left = app.rows("select event_number from webhook_deliveries order by event_number").await;
    assert_eq!(left, [json!({ "event_number": 28 }), json!({ "event_number": 40 })]);
}
