//! Rows of integrations in the tests that hold for every table and operation.

use clinigraph::{
    integration::{InboundWebhookStatus, IntegrationKind, IntegrationStatus, SmsSettings},
    notification::NotificationKind,
};

use super::fakes::Telnyx;
use crate::cases::{
    ADMINISTERS, ALL, Budget, Cases, Cause, Enum, Filling, OF_CLINIC, Rights, Table, administrator, manager, rights,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "integrations",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, kind, name, sms) values (gen_random_uuid(), $clinic, 'sms', 'New', '{\"provider\":\"TELNYX\"}')",
    },
    Table {
        name: "inbound_webhooks",
        grants: "admin s(u), system siud",
        of_clinic: OF_CLINIC,
        tenant: None,
        admin: ALL,
        insert: "(id, clinic_id, integration_id, kind, event_id, body_enc, body_bytes)
                 values (gen_random_uuid(), $clinic, $integration, 'sms', gen_random_uuid(), 'x', 1)",
    },
    Table {
        name: "webhook_refusals",
        grants: "admin s, auditor s, partner s, patient s, system siud, tenant s",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, integration_id, last_reason) values (gen_random_uuid(), $clinic, $integration, 'New')",
    },
];

/// For the people who manage the clinic, and not for those who only read it.
const MANAGES: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN"];
const SEES: [&str; 4] = ["UNAUTHENTICATED", "-", "FORBIDDEN", "FORBIDDEN"];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.integration",
        "query ($integration: ID!) { integration(id: $integration) { id name sms { senderNumber } secrets { lastFour } refusedWebhooks { id lastReason } } }",
        SEES,
    ),
    rights(
        "Query.integrations",
        "query ($clinic: ID!) { all: integrations { totalCount nodes { id name } } integrations(filter: { clinicId: $clinic }) { totalCount nodes { id name } } }",
        SEES,
    ),
    rights(
        "Mutation.createIntegration",
        "mutation ($clinic: ID!) { createIntegration(input: { clinicId: $clinic, name: \"x\", settings: { calCom: {} } }) { webhookUrl integration { id name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.updateIntegration",
        "mutation ($integration: ID!) { updateIntegration(input: { integrationId: $integration, name: \"x\" }) { integration { id name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.testIntegration",
        "mutation ($integration: ID!) { testIntegration(input: { integrationId: $integration }) { integration { id name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.disableIntegration",
        "mutation ($integration: ID!) { disableIntegration(input: { integrationId: $integration }) { integration { id name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.enableIntegration",
        "mutation ($integration: ID!) { enableIntegration(input: { integrationId: $integration }) { integration { id name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.removeIntegration",
        "mutation ($integration: ID!) { removeIntegration(input: { integrationId: $integration }) { removedIntegrationId clinic { name } } }",
        MANAGES,
    ),
    rights(
        "Mutation.rotateWebhookToken",
        "mutation ($integration: ID!) { rotateWebhookToken(input: { integrationId: $integration }) { webhookUrl integration { id } } }",
        MANAGES,
    ),
    rights(
        "Subscription.integrationEvents",
        "subscription ($integration: ID!, $after: String!) { integrationEvents(integrationId: $integration, after: $after) { cursor kind integration { id name } } }",
        SEES,
    ),
    rights(
        "Query.inboundWebhook",
        "{ inboundWebhook(id: \"inbound_webhook_00000000000000000000000000\") { id error integration { name } } }",
        ADMINISTERS,
    ),
    rights(
        "Query.inboundWebhooks",
        "query ($clinic: ID!) { inboundWebhooks(filter: { clinicId: $clinic }) { totalCount nodes { id error eventId } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.replayInboundWebhook",
        "mutation { replayInboundWebhook(input: { webhookId: \"inbound_webhook_00000000000000000000000000\" }) { webhook { id } } }",
        ADMINISTERS,
    ),
];

const BUDGETS: &[Budget] = &[
    manager(
        "Query.integration",
        "query ($integration: ID!) { integration(id: $integration) { name status sms { provider } secrets { name configured } clinic { name } refusedWebhooks { count } } }",
        2,
    ),
    manager("Query.integrations", "{ integrations { nodes { name kind whatsApp { phoneNumberId } } } }", 1),
    manager(
        "Mutation.createIntegration",
        "mutation { createIntegration(input: { name: \"x\", settings: { calCom: { apiKey: \"cal_x\" } } }) { integration { id } } }",
        3,
    ),
    manager(
        "Mutation.updateIntegration",
        "mutation ($integration: ID!) { updateIntegration(input: { integrationId: $integration, settings: { sms: { apiKey: \"KEY_x\" } } }) { integration { id } } }",
        4,
    ),
    manager(
        "Mutation.testIntegration",
        "mutation ($integration: ID!) { testIntegration(input: { integrationId: $integration }) { integration { id } } }",
        5,
    ),
    manager(
        "Mutation.disableIntegration",
        "mutation ($integration: ID!) { disableIntegration(input: { integrationId: $integration }) { integration { id } } }",
        4,
    ),
    manager(
        "Mutation.enableIntegration",
        "mutation ($integration: ID!) { enableIntegration(input: { integrationId: $integration }) { integration { id } } }",
        5,
    ),
    manager(
        "Mutation.rotateWebhookToken",
        "mutation ($integration: ID!) { rotateWebhookToken(input: { integrationId: $integration }) { integration { id } } }",
        4,
    ),
    administrator(
        "Query.inboundWebhook",
        "query ($inbound_webhook: ID!) { inboundWebhook(id: $inbound_webhook) { status clinic { name } integration { name } } }",
        2,
    ),
    administrator("Query.inboundWebhooks", "{ inboundWebhooks { nodes { status integration { name } } } }", 2),
    administrator(
        "Mutation.replayInboundWebhook",
        "mutation ($inbound_webhook: ID!) { replayInboundWebhook(input: { webhookId: $inbound_webhook }) { webhook { status } } }",
        4,
    ),
    manager(
        "Mutation.removeIntegration",
        "mutation ($integration: ID!) { removeIntegration(input: { integrationId: $integration }) { removedIntegrationId } }",
        5,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "integrations_kind_check", values: IntegrationKind::TEXTS },
    Enum { constraint: "integrations_status_check", values: IntegrationStatus::TEXTS },
    Enum { constraint: "inbound_webhooks_status_check", values: InboundWebhookStatus::TEXTS },
];

/// Two integrations, one of which has received a webhook and refused others; and an event.
pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into integrations (id, clinic_id, kind, name, sms)
             values (overlay(gen_random_uuid()::text placing '0' from 1 for 1)::uuid, $clinic, 'sms', $secret, '{\"provider\":\"TELNYX\"}'),
                    (overlay(gen_random_uuid()::text placing 'f' from 1 for 1)::uuid, $clinic, 'sms', $secret, '{\"provider\":\"TELNYX\"}');
             insert into inbound_webhooks (id, clinic_id, integration_id, kind, event_id, status, body_enc, body_bytes, error)
             select gen_random_uuid(), clinic_id, max(id::text)::uuid, 'sms', $secret, 'failed', 'x', 1, $secret
             from integrations where clinic_id = $clinic group by clinic_id;
             insert into webhook_refusals (id, clinic_id, integration_id, last_reason)
             select gen_random_uuid(), clinic_id, max(id::text)::uuid, $secret from integrations where clinic_id = $clinic group by clinic_id;
             insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'clinic', 'integration', id, 'added' from integrations where clinic_id = $clinic",
        )
        .await;
}

/// The cause of the notification about integrations.
pub const CAUSES: &[(NotificationKind, Cause)] = &[(NotificationKind::IntegrationError, |app| {
    Box::pin(async {
        let telnyx = Telnyx::start().await;
        let birch = app.clinic("Birch").await;
        birch.manager().await;
        app.connect(&birch, telnyx.settings()).await;
        app.verify_everybody().await;
        let active = app.active::<SmsSettings>(&birch).await.unwrap();
        app.integrations().report_failure(&active, "The service refuses the key.").await.unwrap();
    })
})];
