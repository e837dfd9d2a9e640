//! Deliveries: one for each event and endpoint, with its attempts.

use chrono::{DateTime, Utc};

use super::WebhookEndpoint;
use crate::{
    clinic::Clinic,
    entity, filter, json_object,
    kernel::{
        Id,
        entity::{DateTimeRange, JsonList},
    },
    orders,
    schema::webhook_deliveries,
    text_enum,
};

text_enum! {
    /// Status of a delivery to a webhook endpoint.
    WebhookDeliveryStatus {
        /// The delivery waits for its next attempt, or for earlier events of its object.
        Pending = "pending",
        /// The endpoint has accepted the event with a status from 200 to 299.
        Delivered = "delivered",
        /// The delivery was given up, for the reason in `reason`.
        Failed = "failed",
        /// The event was not sent, for the reason in `reason`.
        Skipped = "skipped",
    }
}

text_enum! {
    /// Reason why a delivery was given up or not made.
    WebhookDeliveryReason {
        /// The delivery has failed in each of its attempts: ten, or one for a test.
        AttemptsFailed = "attempts_failed",
        /// The endpoint has answered with the status 410.
        Gone = "gone",
        /// The endpoint was disabled while the delivery was waiting.
        EndpointDisabled = "endpoint_disabled",
        /// The endpoint was removed while the delivery was waiting.
        EndpointRemoved = "endpoint_removed",
        /// The owner of the endpoint could not see the event any more when it was to be sent.
        OwnerMayNotSee = "owner_may_not_see",
    }
}

json_object! {
    /// Attempt to deliver an event to a webhook endpoint.
    WebhookAttempt {
        /// Time at which the attempt began.
        at: DateTime<Utc>,
        /// Duration of the attempt in milliseconds.
        milliseconds: i32,
        /// HTTP status of the answer. Null if there was none.
        status: Option<i32>,
        /// Head of the request, without the signatures.
        request_head: String,
        /// Head of the answer, at most 2,000 characters. Null if there was no answer.
        response_head: Option<String>,
        /// Beginning of the answer's body, at most 1 KiB. Null if there was no answer, and for administrators of the platform.
        response_body: Option<String>,
        /// Cause of the failure. Null if the attempt succeeded.
        error: Option<String>,
    }
}

entity! {
    /// Delivery of an event to a webhook endpoint. Needs the permission `WEBHOOKS_MANAGE`.
    WebhookDelivery "webhook_delivery" of webhook_deliveries, tenant clinic_id, read WebhooksManage;
    columns {
        /// Identifier of the delivery.
        id: Id<WebhookDelivery>,
        /// Identifier of the event, as subscriptions report it; sent as `webhook-id`. For a test, the identifier of the delivery.
        event_id: String,
        /// Cursor of the event, as subscriptions report it. Null for a test.
        cursor: Option<String>,
        /// Kind of the event, such as `ticket.opened`; `webhook.test` for a test.
        kind: String,
        /// Time at which the event happened.
        occurred_at: DateTime<Utc>,
        /// Current status of the delivery.
        status: WebhookDeliveryStatus,
        /// Reason why the delivery was given up or not made. Null if it was not.
        reason: Option<WebhookDeliveryReason>,
        /// Number of attempts that were begun, since the delivery was created or last repeated.
        attempt_count: i32,
        /// Time of the next attempt. Null if there is none, or if the delivery waits for earlier events of its object.
        next_attempt_at: Option<DateTime<Utc>>,
        /// Time at which the delivery succeeded or was given up. Null if it is pending.
        finished_at: Option<DateTime<Utc>>,
        /// Time at which the delivery was created.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
        endpoint_id: Id<WebhookEndpoint>,
        event_number: i64,
        subject_type: String,
        subject_id: uuid::Uuid,
    }
    derived {
        /// Names of all fields of the object that changed; empty for an object that was created.
        changed: Vec<String> = "changed",
        /// Newest attempts to deliver the event, at most 20, oldest first.
        attempts: JsonList<WebhookAttempt> = "case when (select private.request_clinic_id()) is not null then attempts else (select coalesce(jsonb_agg(attempt - 'response_body'), '[]') from jsonb_array_elements(attempts) as attempt) end",
    }
    computed {
        /// Whether the delivery can be repeated now.
        viewer_can_redeliver: bool = |_viewer, status: WebhookDeliveryStatus| status.can_be_repeated(),
    }
    edges {
        /// Clinic in which the event happened.
        clinic: one Clinic by clinic_id,
        /// Endpoint that the event is delivered to, which may have been removed since.
        endpoint: one WebhookEndpoint by endpoint_id,
        /// Object that the event happened to; the endpoint for a test. Null if the caller cannot see it.
        subject: any Node by subject_type, subject_id,
    }
}

impl WebhookDeliveryStatus {
    /// Whether a delivery with this status can be repeated.
    #[must_use]
    pub fn can_be_repeated(self) -> bool {
        self != Self::Pending
    }
}

orders! {
    /// Order of a list of deliveries to webhook endpoints.
    WebhookDeliveryOrder by WebhookDeliveryOrderField, usually CreatedAt Desc;
    /// Time at which the delivery was created.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of deliveries to webhook endpoints; all of them must hold.
    WebhookDeliveryFilter of WebhookDelivery in webhook_deliveries, order WebhookDeliveryOrder {
        /// Clinic in which the events happened.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Endpoint that the events are delivered to.
        endpoint_id: equal(endpoint_id: Id<WebhookEndpoint>),
        /// Statuses, any of which matches.
        status: any(status: WebhookDeliveryStatus) replan,
        /// Kinds of events, any of which matches.
        kind: any(kind: String) replan,
        /// Times between which the delivery was created.
        created_at: range(created_at: DateTimeRange),
    }
}
