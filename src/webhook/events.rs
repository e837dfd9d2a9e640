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
        /// Somebody has paused the webhook endpoint.
        Paused = "paused",
        /// Somebody has resumed the webhook endpoint.
        Resumed = "resumed",
        /// The secret of the webhook endpoint was rotated.
        SecretRotated = "secret_rotated",
        /// The server has disabled the webhook endpoint.
        Disabled = "disabled",
        /// The webhook endpoint was removed.
        Removed = "removed",
    }
}
