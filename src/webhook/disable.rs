//! Disabling an endpoint: what waits for it is given up, and its owner and the managers of its clinic are notified.

use uuid::Uuid;

use super::{
    WebhookDeliveryReason, WebhookDisabledReason, WebhookEndpoint, WebhookEndpointEventKind, WebhookEndpointStatus,
    health::note_of, notices, redeliver,
};
use crate::kernel::{Code, Id, Result, db::Database, write::Stored};

/// Disables an endpoint for which too many deliveries wait.
pub async fn full(database: &Database, clinic: Uuid, endpoint: Id<WebhookEndpoint>, dropped: i32) -> Result<()> {
    disable(database, clinic, endpoint, WebhookDisabledReason::Backlog, dropped).await
}

/// Disables an endpoint, unless that was done or it is not active. `dropped` events were not recorded.
pub async fn disable(
    database: &Database,
    clinic: Uuid,
    endpoint: Id<WebhookEndpoint>,
    reason: WebhookDisabledReason,
    dropped: i32,
) -> Result<()> {
    database
        .as_job(Some(clinic), note_of(endpoint), async |scope| {
            let endpoint = match WebhookEndpoint::lock(scope, endpoint, None).await {
                Ok(endpoint) => endpoint,
                Err(error) if error.code() == Code::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
            let dropped = endpoint.dropped_events.saturating_add(dropped);
            if endpoint.status != WebhookEndpointStatus::Active {
                return Ok(());
            }
            endpoint
                .edit()
                .move_to(WebhookEndpointStatus::Disabled, scope.now())?
                .disabled_reason(reason)
                .dropped_events(dropped)
                .update(scope, WebhookEndpointEventKind::Disabled)
                .await?;
            redeliver::give_up(scope, &endpoint, WebhookDeliveryReason::EndpointDisabled).await?;
            tracing::info!(endpoint = %endpoint.id, reason = reason.text(), "disabled a webhook endpoint");
            notices::disabled(scope, &endpoint, reason).await
        })
        .await
}
