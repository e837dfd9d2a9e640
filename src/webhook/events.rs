//! Events of webhook endpoints, which are part of the activity of their clinic.

use super::WebhookEndpoint;
use crate::events;

events! {
    /// Kind of change to a webhook endpoint.
    WebhookEndpointEventKind of WebhookEndpoint {
        /// The webhook endpoint was created.
        Created = "created",
        /// The webhook endpoint was changed.
        Updated = "updated",
        /// The webhook endpoint was paused by a person.
        Paused = "paused",
        /// The webhook endpoint was resumed by a person.
        Resumed = "resumed",
        /// The secret of the webhook endpoint was rotated.
        SecretRotated = "secret_rotated",
        /// The webhook endpoint was disabled by the server.
        Disabled = "disabled",
        /// The webhook endpoint was removed.
        Removed = "removed",
    }
}
