//! Inputs and payloads of the mutations.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::{WebhookDelivery, WebhookEndpoint};
use crate::{
    clinic::{ActingClinic, Clinic},
    input,
    kernel::{
        Id,
        entity::One,
        text::Url,
        write::{Clearable, ExpectedVersion, Int, Items, Patch, Text},
    },
};

input! {
    /// Webhook endpoint that is going to be created.
    CreateWebhookEndpointInput {
        clinic_id: ActingClinic,
        /// Address that events are sent to: a public one that begins with `https://`.
        url: Url,
        /// Description of the webhook endpoint. Null for none.
        description: Option<Text<200>>,
        /// Kinds of events that are sent, such as `ticket.opened`. Null or empty for all that happen in the clinic and that the
        /// caller may see, without those for one person alone.
        event_kinds: Option<Items<Text<100>, 0, 100>>,
        /// GraphQL query whose result is sent as `object` with each event. Its only variable is `$id: ID!`, the identifier of
        /// the object that the event happened to. Null for none.
        query: Option<Text<10_000>>,
    }
}

/// Result of creating a webhook endpoint.
#[derive(SimpleObject)]
pub struct CreateWebhookEndpointPayload {
    /// Webhook endpoint that was created.
    pub webhook_endpoint: One<WebhookEndpoint>,
    /// Secret that deliveries are signed with. The API returns it only here.
    pub secret: String,
}

input! {
    /// Changes to a webhook endpoint; fields that are left out keep their values.
    UpdateWebhookEndpointInput {
        /// Webhook endpoint that is going to be changed.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        expected_version: ExpectedVersion,
        /// Address that events are sent to: a public one that begins with `https://`.
        url: Patch<Url>,
        /// Description of the webhook endpoint. Null to clear it.
        description: Clearable<Text<200>>,
        /// Kinds of events that are sent, such as `ticket.opened`. Null or empty for all that happen in the clinic and that the
        /// caller may see, without those for one person alone.
        event_kinds: Clearable<Items<Text<100>, 0, 100>>,
        /// GraphQL query whose result is sent as `object` with each event. Its only variable is `$id: ID!`, the identifier of
        /// the object that the event happened to. Null to clear it.
        query: Clearable<Text<10_000>>,
    }
}

/// Result of updating a webhook endpoint.
#[derive(SimpleObject)]
pub struct UpdateWebhookEndpointPayload {
    /// Webhook endpoint after the update.
    pub webhook_endpoint: One<WebhookEndpoint>,
}

input! {
    /// Webhook endpoint that is going to be paused.
    PauseWebhookEndpointInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        expected_version: ExpectedVersion,
    }
}

/// Result of pausing a webhook endpoint.
#[derive(SimpleObject)]
pub struct PauseWebhookEndpointPayload {
    /// Webhook endpoint that was paused.
    pub webhook_endpoint: One<WebhookEndpoint>,
}

input! {
    /// Webhook endpoint that is going to be resumed.
    ResumeWebhookEndpointInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        expected_version: ExpectedVersion,
    }
}

/// Result of resuming a webhook endpoint.
#[derive(SimpleObject)]
pub struct ResumeWebhookEndpointPayload {
    /// Webhook endpoint that was resumed.
    pub webhook_endpoint: One<WebhookEndpoint>,
}

input! {
    /// Webhook endpoint that is going to be removed.
    RemoveWebhookEndpointInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing a webhook endpoint.
#[derive(SimpleObject)]
pub struct RemoveWebhookEndpointPayload {
    /// Identifier of the webhook endpoint that was removed.
    pub removed_webhook_endpoint_id: Id<WebhookEndpoint>,
    /// Clinic that the webhook endpoint belonged to.
    pub clinic: One<Clinic>,
}

input! {
    /// Rotation of the secret of a webhook endpoint.
    RotateWebhookSecretInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        expected_version: ExpectedVersion,
        /// Hours for which deliveries are also signed with the previous secret; 0 to drop it at once.
        previous_valid_hours: Option<Int<0, 168>>,
    }
}

/// Result of rotating the secret of a webhook endpoint.
#[derive(SimpleObject)]
pub struct RotateWebhookSecretPayload {
    /// Webhook endpoint with the new secret.
    pub webhook_endpoint: One<WebhookEndpoint>,
    /// Secret that deliveries are signed with from now on. The API returns it only here.
    pub secret: String,
}

input! {
    /// Webhook endpoint to which a test is going to be sent.
    SendTestWebhookInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
    }
}

/// Result of sending a test to a webhook endpoint.
#[derive(SimpleObject)]
pub struct SendTestWebhookPayload {
    /// Delivery of the test, which begins within seconds.
    pub webhook_delivery: One<WebhookDelivery>,
}

input! {
    /// Delivery that is going to be repeated.
    RedeliverWebhookInput {
        /// Identifier of the delivery.
        webhook_delivery_id: Id<WebhookDelivery>,
    }
}

/// Result of repeating a delivery.
#[derive(SimpleObject)]
pub struct RedeliverWebhookPayload {
    /// Delivery that is pending again.
    pub webhook_delivery: One<WebhookDelivery>,
}

input! {
    /// Failed deliveries to a webhook endpoint that are going to be repeated, the oldest 1,000 of them at most.
    RedeliverFailedWebhooksInput {
        /// Identifier of the webhook endpoint.
        webhook_endpoint_id: Id<WebhookEndpoint>,
        /// Time from which on the deliveries were created.
        from: DateTime<Utc>,
        /// Time before which the deliveries were created.
        until: DateTime<Utc>,
    }
}

/// Result of repeating failed deliveries.
#[derive(SimpleObject)]
pub struct RedeliverFailedWebhooksPayload {
    /// Webhook endpoint that the deliveries belong to.
    pub webhook_endpoint: One<WebhookEndpoint>,
    /// Number of deliveries that are pending again.
    pub redelivered_count: i32,
}
