//! Rows of webhooks in the tests that hold for every table and operation.

use clinigraph::{
    notification::NotificationKind,
    webhook::{WebhookDeliveryReason, WebhookDeliveryStatus, WebhookDisabledReason, WebhookEndpointStatus},
};
use serde_json::json;

use crate::{
    cases::{ALL, Budget, Cases, Cause, Enum, Filling, OF_CLINIC, Rights, Table, manager, rights},
    harness::receiver::{Receiver, answers},
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

/// Needs the permission to manage webhooks, which auditors do not have.
const READS: [&str; 4] = ["UNAUTHENTICATED", "-", "FORBIDDEN", "FORBIDDEN"];
const WRITES: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN"];

const TABLES: &[Table] = &[
    Table {
        name: "webhook_endpoints",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, owner_user_id, url, secret_enc) values (gen_random_uuid(), $clinic, $user, 'https://x.example', 'x')",
    },
    Table {
        name: "webhook_deliveries",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, endpoint_id, event_number, event_id, kind, subject_type, subject_id, occurred_at, created_at)
                 select gen_random_uuid(), $clinic, $webhook_endpoint, 0, 'x', 'webhook.test', 'ticket', $ticket, now(), now()",
    },
];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.webhookEndpoint",
        "query ($webhook_endpoint: ID!) { webhookEndpoint(id: $webhook_endpoint) { id url description secret { lastFour } } }",
        READS,
    ),
    rights(
        "Query.webhookEndpoints",
        "query ($clinic: ID!) { webhookEndpoints(filter: { clinicId: $clinic }) { totalCount nodes { id url deliveries { nodes { id eventId } } } } }",
        READS,
    ),
    rights(
        "Query.webhookDelivery",
        "query ($webhook_delivery: ID!) { webhookDelivery(id: $webhook_delivery) { id eventId attempts { responseBody } } }",
        READS,
    ),
    rights(
        "Query.webhookDeliveries",
        "query ($clinic: ID!) { webhookDeliveries(filter: { clinicId: $clinic }) { totalCount nodes { id eventId } } }",
        READS,
    ),
    rights(
        "Mutation.createWebhookEndpoint",
        "mutation ($clinic: ID!) { createWebhookEndpoint(input: { clinicId: $clinic, url: \"https://8.8.8.8/\" }) { webhookEndpoint { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.updateWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { updateWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint, description: \"x\" }) { webhookEndpoint { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.pauseWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { pauseWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { webhookEndpoint { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.resumeWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { resumeWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { webhookEndpoint { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.rotateWebhookSecret",
        "mutation ($webhook_endpoint: ID!) { rotateWebhookSecret(input: { webhookEndpointId: $webhook_endpoint }) { webhookEndpoint { id } secret } }",
        WRITES,
    ),
    rights(
        "Mutation.sendTestWebhook",
        "mutation ($webhook_endpoint: ID!) { sendTestWebhook(input: { webhookEndpointId: $webhook_endpoint }) { webhookDelivery { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.redeliverWebhook",
        "mutation ($webhook_delivery: ID!) { redeliverWebhook(input: { webhookDeliveryId: $webhook_delivery }) { webhookDelivery { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.redeliverFailedWebhooks",
        "mutation ($webhook_endpoint: ID!) { redeliverFailedWebhooks(input: { webhookEndpointId: $webhook_endpoint, from: \"2026-01-01T00:00:00Z\", until: \"2026-01-02T00:00:00Z\" }) { webhookEndpoint { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.removeWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { removeWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { removedWebhookEndpointId } }",
        WRITES,
    ),
];

const BUDGETS: &[Budget] = &[
    manager(
        "Query.webhookEndpoint",
        "query ($webhook_endpoint: ID!) { webhookEndpoint(id: $webhook_endpoint) { url owner { displayName } secret { lastFour } } }",
        1,
    ),
    manager(
        "Query.webhookEndpoints",
        "{ webhookEndpoints { nodes { url status deliveries { nodes { status } } } } }",
        2,
    ),
    manager(
        "Query.webhookDelivery",
        "query ($webhook_delivery: ID!) { webhookDelivery(id: $webhook_delivery) { status attempts { status } endpoint { url } subject { id } } }",
        3,
    ),
    manager(
        "Query.webhookDeliveries",
        "{ webhookDeliveries(filter: { status: FAILED }) { nodes { status kind } } }",
        2,
    ),
    manager(
        "Mutation.createWebhookEndpoint",
        "mutation { createWebhookEndpoint(input: { url: \"https://8.8.8.8/\" }) { webhookEndpoint { id } } }",
        4,
    ),
    manager(
        "Mutation.updateWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { updateWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint, description: \"x\" }) { webhookEndpoint { id } } }",
        4,
    ),
    manager(
        "Mutation.resumeWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { resumeWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { webhookEndpoint { id } } }",
        4,
    ),
    manager(
        "Mutation.redeliverWebhook",
        "mutation ($webhook_delivery: ID!) { redeliverWebhook(input: { webhookDeliveryId: $webhook_delivery }) { webhookDelivery { id } } }",
        6,
    ),
    manager(
        "Mutation.redeliverFailedWebhooks",
        "mutation ($webhook_endpoint: ID!) { redeliverFailedWebhooks(input: { webhookEndpointId: $webhook_endpoint, from: \"2026-01-01T00:00:00Z\", until: \"2026-12-02T00:00:00Z\" }) { redeliveredCount } }",
        3,
    ),
    manager(
        "Mutation.pauseWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { pauseWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { webhookEndpoint { id } } }",
        4,
    ),
    manager(
        "Mutation.rotateWebhookSecret",
        "mutation ($webhook_endpoint: ID!) { rotateWebhookSecret(input: { webhookEndpointId: $webhook_endpoint }) { secret } }",
        3,
    ),
    manager(
        "Mutation.sendTestWebhook",
        "mutation ($webhook_endpoint: ID!) { sendTestWebhook(input: { webhookEndpointId: $webhook_endpoint }) { webhookDelivery { id } } }",
        3,
    ),
    manager(
        "Mutation.removeWebhookEndpoint",
        "mutation ($webhook_endpoint: ID!) { removeWebhookEndpoint(input: { webhookEndpointId: $webhook_endpoint }) { removedWebhookEndpointId } }",
        4,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "webhook_endpoints_status_check", values: WebhookEndpointStatus::TEXTS },
    Enum { constraint: "webhook_endpoints_disabled_reason_check", values: WebhookDisabledReason::TEXTS },
    Enum { constraint: "webhook_deliveries_status_check", values: WebhookDeliveryStatus::TEXTS },
    Enum { constraint: "webhook_deliveries_reason_check", values: WebhookDeliveryReason::TEXTS },
];

/// An endpoint, and a delivery that failed.
pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into webhook_endpoints (id, clinic_id, owner_user_id, url, description, secret_enc, secret_last_four)
             values (gen_random_uuid(), $clinic, $user, 'https://x.example/', $secret, 'x', 'abcd');
             insert into webhook_deliveries (id, clinic_id, endpoint_id, event_number, event_id, kind, subject_type, subject_id, occurred_at, created_at, status, attempts)
             select gen_random_uuid(), $clinic, e.id, 1, $secret, 'ticket.opened', 'ticket',
                    (select id from support_tickets where clinic_id = $clinic limit 1), now(), now(), 'failed',
                    jsonb_build_array(jsonb_build_object('at', now(), 'milliseconds', 1, 'request_head', 'POST /', 'response_body', $secret))
             from webhook_endpoints e where e.clinic_id = $clinic;
             insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'clinic', 'webhook_endpoint', id, 'created' from webhook_endpoints where clinic_id = $clinic",
        )
        .await;
}

/// The cause of the notification about webhooks.
pub const CAUSES: &[(NotificationKind, Cause)] = &[(NotificationKind::WebhookDisabled, |app| {
    Box::pin(async {
        app.send_webhooks().await;
        let receiver = Receiver::new(answers(410)).await;
        let manager = app.clinic("Birch").await.manager().await;
        app.verify_everybody().await;
        manager.create_webhook(&receiver.url("/"), json!({})).await;
        manager.open_ticket("Printer").await;
        app.send_webhooks().await;
    })
})];
