//! Endpoints: the addresses of clinics to which events are sent.

use chrono::{DateTime, Utc};

use super::WebhookDelivery;
use crate::{
    access::User,
    clinic::Clinic,
    entity, filter,
    kernel::{Id, sealed::SealedColumn, text::Url},
    orders,
    schema::webhook_endpoints,
    states, text_enum,
};

states! {
    /// Status of a webhook endpoint.
    WebhookEndpointStatus of WebhookEndpoint.status, "webhook endpoint" {
        /// Events are sent to the endpoint.
        Active = "active" to [Paused, Disabled],
        /// The endpoint was paused by a person; events are not sent to it, neither now nor later.
        Paused = "paused" to [Active],
        /// The server has disabled the endpoint, for the reason in `disabledReason`.
        Disabled = "disabled" to [Active],
    }
}

text_enum! {
    /// Reason why the server has disabled a webhook endpoint.
    WebhookDisabledReason {
        /// Several deliveries have failed in each attempt, and none has succeeded for three days.
        Failures = "failures",
        /// The endpoint has answered with the status 410, which asks for no further deliveries.
        Gone = "gone",
        /// More deliveries were waiting for the endpoint than it may have, 10,000.
        Backlog = "backlog",
    }
}

entity! {
    /// Address of a clinic to which its events are sent. Needs the permission `WEBHOOKS_MANAGE`.
    WebhookEndpoint "webhook_endpoint" of webhook_endpoints, tenant clinic_id, live "deleted_at is null", read WebhooksManage;
    columns {
        /// Identifier of the webhook endpoint.
        id: Id<WebhookEndpoint>,
        /// Address that events are sent to.
        url: Url,
        /// Description of the webhook endpoint. Null if there is none.
        description: Option<String>,
        /// Kinds of events that are sent, such as `ticket.opened`. Null for all that happen in the clinic and that the owner may
        /// see; events for one person alone, such as notifications, are then left out.
        event_kinds: Option<Vec<String>>,
        /// GraphQL query whose result is sent as `object` with each event. Null if events are sent without it.
        query: Option<String>,
        /// Current status of the webhook endpoint.
        status: WebhookEndpointStatus,
        /// Reason why the server has disabled the webhook endpoint. Null if it has not.
        disabled_reason: Option<WebhookDisabledReason>,
        /// Time until which deliveries are signed with the previous secret too. Null if the secret was never rotated.
        previous_secret_until: Option<DateTime<Utc>>,
        /// Time of the first failed attempt since the last success. Null if the last attempt was a success, or there was none.
        failing_since: Option<DateTime<Utc>>,
        /// Number of deliveries that have failed in each attempt since the last success.
        failed_deliveries: i32,
        /// Number of events that were not recorded because too many deliveries were waiting.
        dropped_events: i32,
        /// Time at which the webhook endpoint was created.
        created_at: DateTime<Utc>,
        /// Time at which the webhook endpoint was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the webhook endpoint, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        owner_user_id: Id<User>,
        secret_enc: Vec<u8>,
    }
    sealed {
        /// Secret that deliveries are signed with.
        secret,
    }
    edges {
        /// Clinic whose events are sent.
        clinic: one Clinic by clinic_id,
        /// Person with whose rights events are sent: who last decided what is sent, or where to. Null if the person is no longer
        /// visible to the caller.
        owner: maybe User by owner_user_id,
        /// Deliveries to the webhook endpoint, newest first. They are retained for 30 days.
        deliveries: list WebhookDelivery by endpoint_id,
    }
}

impl WebhookEndpoint {
    /// Where the secret before the last rotation is stored.
    #[must_use]
    pub const fn previous_secret() -> SealedColumn {
        SealedColumn { table: "webhook_endpoints", column: "previous_secret_enc" }
    }
}

orders! {
    /// Order of a list of webhook endpoints.
    WebhookEndpointOrder by WebhookEndpointOrderField, usually CreatedAt Desc;
    /// Time at which the webhook endpoint was created.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of webhook endpoints; all of them must hold.
    WebhookEndpointFilter of WebhookEndpoint in webhook_endpoints, order WebhookEndpointOrder {
        /// Clinic whose events are sent.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Statuses, any of which matches.
        status: any(status: WebhookEndpointStatus) replan,
    }
}
