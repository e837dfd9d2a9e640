//! The rights of owners: what they may not see any more is not sent, and nobody makes the rights of somebody else send something
//! elsewhere.

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use super::hooks;
use crate::harness::receiver::{Receiver, answers};

#[tokio::test]
async fn what_the_owner_may_not_see_any_more_is_not_sent() {
    let lost = [
        "update memberships set role = 'clinician' where user_id = $user",
        "update memberships set status = 'suspended' where user_id = $user",
        "update memberships set deleted_at = now() where user_id = $user",
        "update users set status = 'suspended' where id = $user",
        "update users set deleted_at = now() where id = $user",
        "update users set is_platform_admin = true where id = $user",
        "update clinics set status = 'suspended'",
    ];
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    for change in lost {
        let clinic = app.clinic("Oak").await;
        let (owner, other) = (clinic.manager().await, clinic.manager().await);
        let chosen =
            json!({ "eventKinds": ["ticket.opened"], "query": "query ($id: ID!) { ticket(id: $id) { title } }" });
        let hook = owner.create_webhook(&receiver.url("/"), chosen).await;
        let ticket = other.open_ticket("Secret").await;
        app.has_read_all_events().await;
        let before = receiver.received().len();

        app.execute(&change.replace("$user", &format!("'{}'", owner.user_id))).await;
        app.send_webhooks().await;

        assert_eq!(receiver.received().len(), before, "{change}");
        let rows = format!(
            "select status, reason from webhook_deliveries where endpoint_id = '{}'",
            crate::harness::uuid(&hook.id)
        );
        assert_eq!(app.rows(&rows).await, [json!({ "status": "skipped", "reason": "owner_may_not_see" })], "{change}");
        assert!(ticket.starts_with("ticket_"));
        app.execute("update clinics set status = 'active'").await;
    }
}

#[tokio::test]
async fn an_event_of_a_kind_that_the_owner_may_not_read_is_skipped_and_later_ones_follow() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let clinic = app.clinic("Oak").await;
    let (owner, other) = (clinic.manager().await, clinic.manager().await);
    let hook = owner.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    let role = async |role: &str| {
        app.execute(&format!("update memberships set role = '{role}' where user_id = '{}'", owner.user_id)).await;
    };

    role("clinician").await;
    other.open_ticket("One").await;
    app.send_webhooks().await;
    role("clinic_manager").await;
    other.open_ticket("Two").await;
    app.send_webhooks().await;

    assert_eq!(other.delivery_statuses(&hook.id).await, ["SKIPPED", "DELIVERED"]);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn who_changes_what_is_sent_or_where_to_becomes_the_owner() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let clinic = app.clinic("Oak").await;
    let (owner, other) = (clinic.manager().await, clinic.manager().await);
    let url = receiver.url("/");
    for (change, moves) in [
        (json!({ "description": "Board" }), false),
        (json!({ "url": url.clone() }), false),
        (json!({ "url": format!("{url}elsewhere") }), true),
        (json!({ "query": "query ($id: ID!) { viewer { user { email } } ticket(id: $id) { id } }" }), true),
        (json!({ "eventKinds": ["ticket.opened"] }), true),
    ] {
        let hook = owner.create_webhook(&url, json!({})).await;
        let mut input = change.clone();
        input["webhookEndpointId"] = json!(hook.id);

        let changed = other.change("updateWebhookEndpoint", input, "{ webhookEndpoint { owner { id } } }").await;

        let now = if moves { other.api_id() } else { owner.api_id() };
        assert_eq!(changed["webhookEndpoint"]["owner"]["id"], now, "{change}");
    }
    // Whatever the server says: the database sees to it.
    let hook = owner.create_webhook(&url, json!({})).await;
    let id = crate::harness::uuid(&hook.id);
    let caller = format!("{} {} {} clinic_manager", other.user_id, uuid::Uuid::now_v7(), clinic.id);
    let elsewhere = format!(
        "set app.caller = '{caller}'; update webhook_endpoints set url = 'https://x.example' where id = '{id}'"
    );
    app.as_role("tenant", &elsewhere).await.unwrap();
    let owner_now = app.value(&format!("select owner_user_id from webhook_endpoints where id = '{id}'")).await;
    assert_eq!(owner_now, json!(other.user_id));
    let in_the_name_of_others =
        format!("set app.caller = '{caller}'; update webhook_endpoints set owner_user_id = '{}'", owner.user_id);
    assert!(app.as_role("tenant", &in_the_name_of_others).await.is_err());
}

#[tokio::test]
async fn only_people_of_the_clinic_who_manage_webhooks_make_them() {
    let app = hooks().await;
    let clinic = app.clinic("Oak").await;
    let (manager, staff) = (clinic.manager().await, clinic.person(SystemRole::Staff).await);
    let (ada, stranger) = (app.administrator().await, app.clinic("Elm").await.manager().await);
    let hook = manager.create_webhook("https://8.8.8.8/", json!({})).await;
    let code = |error: serde_json::Value| error["extensions"]["code"].as_str().unwrap().to_owned();

    let new = json!({ "url": "https://8.8.8.8/", "clinicId": clinic.api_id() });
    assert_eq!(code(staff.refused("createWebhookEndpoint", new.clone()).await), "FORBIDDEN");
    assert_eq!(code(ada.refused("createWebhookEndpoint", new.clone()).await), "FORBIDDEN");
    assert_eq!(code(stranger.refused("createWebhookEndpoint", new).await), "NOT_FOUND");
    let known = json!({ "webhookEndpointId": hook.id });
    assert_eq!(code(ada.refused("updateWebhookEndpoint", known.clone()).await), "FORBIDDEN");
    for field in [
        "updateWebhookEndpoint",
        "pauseWebhookEndpoint",
        "resumeWebhookEndpoint",
        "removeWebhookEndpoint",
        "rotateWebhookSecret",
        "sendTestWebhook",
    ] {
        assert_eq!(code(stranger.refused(field, known.clone()).await), "NOT_FOUND", "{field}");
        assert_eq!(code(staff.refused(field, known.clone()).await), "FORBIDDEN", "{field}");
    }
    assert_eq!(ada.change_webhook("pauseWebhookEndpoint", &hook.id).await["status"], "PAUSED");
    assert!(stranger.webhook(&hook.id, "{ id }").await.is_null());
    assert!(stranger.deliveries(&hook.id, "{ id }").await.is_empty());
}
