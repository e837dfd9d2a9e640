//! Webhooks that came in: their declaration and lists of them, for administrators.

use chrono::{DateTime, Utc};

use crate::{
    clinic::Clinic,
    entity, filter,
    integration::{Integration, IntegrationKind},
    kernel::{Id, entity::DateTimeRange},
    orders,
    schema::inbound_webhooks,
    text_enum,
};

text_enum! {
    /// Status of a webhook that came in.
    InboundWebhookStatus {
        /// The webhook is stored and waits to be processed.
        Received = "received",
        /// The webhook was processed.
        Processed = "processed",
        /// The webhook could not be processed, and can be replayed.
        Failed = "failed",
        /// The webhook concerns nothing that the server does anything about.
        Ignored = "ignored",
    }
}

entity! {
    /// Webhook that a service outside has sent to the server. Its content is stored encrypted for 30 days and never returned. Needs the
    /// permission `WEBHOOKS_REPLAY`.
    InboundWebhook "inbound_webhook" of inbound_webhooks, tenant clinic_id, read WebhooksReplay;
    columns {
        /// Identifier of the webhook.
        id: Id<InboundWebhook>,
        /// Kind of the integration that the webhook came in by.
        kind: IntegrationKind,
        /// Identifier of the event at the service, or one made of the content: the same event is stored once for an integration.
        event_id: String,
        /// Type of the event, as the service spells it. Null if it was not found in the content.
        event_type: Option<String>,
        /// Size of the content in bytes.
        body_bytes: i32,
        /// Current status of the webhook.
        status: InboundWebhookStatus,
        /// Number of attempts to process the webhook.
        attempts: i32,
        /// Error of the last attempt, without anything of the content. Null if there was none.
        error: Option<String>,
        /// Time at which the webhook came in.
        received_at: DateTime<Utc>,
        /// Time at which the webhook was processed. Null if it was not.
        processed_at: Option<DateTime<Utc>>,
    }
    inside {
        clinic_id: Id<Clinic>,
        integration_id: Id<Integration>,
        query: Option<String>,
        body_enc: Vec<u8>,
    }
    computed {
        /// Whether the webhook can be replayed now.
        viewer_can_replay: bool = |_viewer, status: InboundWebhookStatus| status.can_be_replayed(),
    }
    edges {
        /// Clinic of the integration that the webhook came in by. Null if the integration belongs to the platform.
        clinic: maybe Clinic by clinic_id,
        /// Integration that the webhook came in by.
        integration: one Integration by integration_id,
    }
}

impl InboundWebhookStatus {
    /// What was processed takes effect once, and is not done again.
    #[must_use]
    pub fn can_be_replayed(self) -> bool {
        matches!(self, Self::Failed | Self::Ignored)
    }
}

orders! {
    /// Order of a list of webhooks that came in.
    InboundWebhookOrder by InboundWebhookOrderField, usually ReceivedAt Desc;
    /// Time at which the webhook came in.
    ReceivedAt = "received_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of webhooks that came in; all of them must hold.
    InboundWebhookFilter of InboundWebhook in inbound_webhooks, order InboundWebhookOrder {
        /// Clinic of the integration.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Integration that the webhooks came in by.
        integration_id: equal(integration_id: Id<Integration>),
        /// Kinds of the integration, any of which matches.
        kind: any(kind: IntegrationKind),
        /// Statuses, any of which matches.
        status: any(status: InboundWebhookStatus) replan,
        /// Times between which the webhooks came in.
        received_at: range(received_at: DateTimeRange),
    }
}
