//! Rotation of secrets.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{hooks, signed_with};
use crate::harness::receiver::{Receiver, answers};

#[tokio::test]
async fn both_secrets_sign_for_the_time_that_was_chosen() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    let rotate = async |hours: Value| {
        let input = json!({ "webhookEndpointId": hook.id, "previousValidHours": hours });
        manager
            .change(
                "rotateWebhookSecret",
                input,
                "{ secret webhookEndpoint { previousSecretUntil secret { lastFour } } }",
            )
            .await
    };
    let send = async || {
        manager.open_ticket("Printer").await;
        app.send_webhooks().await;
        receiver.received().last().unwrap().clone()
    };

    let rotated = rotate(json!(2)).await;
    let second = rotated["secret"].as_str().unwrap();
    assert!(second.starts_with("whsec_") && second != hook.secret);
    assert_eq!(rotated["webhookEndpoint"]["secret"]["lastFour"], second[second.len() - 4..]);
    assert!(rotated["webhookEndpoint"]["previousSecretUntil"].is_string());
    assert_eq!(signed_with(&send().await, &[second, &hook.secret]), [true, true]);
    app.clock.turn(TimeDelta::hours(2) + TimeDelta::seconds(1));
    assert_eq!(signed_with(&send().await, &[second, &hook.secret]), [true, false]);

    let rotated = rotate(json!(0)).await;
    let third = rotated["secret"].as_str().unwrap();
    assert_eq!(rotated["webhookEndpoint"]["previousSecretUntil"], Value::Null);
    assert_eq!(signed_with(&send().await, &[third, second, &hook.secret]), [true, false, false]);
    let too_long = json!({ "webhookEndpointId": hook.id, "previousValidHours": 169 });
    let problems = manager.problems("rotateWebhookSecret", too_long).await;
    assert_eq!(problems[0].0, "input.previousValidHours");
}

#[tokio::test]
async fn secrets_are_neither_shown_again_nor_stored_in_clear() {
    let app = hooks().await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook("https://8.8.8.8/", json!({})).await;
    let input = json!({ "webhookEndpointId": hook.id });
    let rotated = manager.change("rotateWebhookSecret", input, "{ secret }").await;

    let rows =
        app.rows("select e::text as row from webhook_endpoints e union all select a::text from audit_events a").await;
    let all = serde_json::to_string(&rows).unwrap();
    for secret in [&hook.secret, rotated["secret"].as_str().unwrap()] {
        let key = secret.trim_start_matches("whsec_").trim_end_matches('=');
        assert!(!all.contains(key));
    }
    let shown = manager.webhook(&hook.id, "{ secret { configured lastFour updatedAt } }").await;
    assert_eq!(shown["secret"]["configured"], true);
}
