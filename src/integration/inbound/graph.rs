//! Queries and mutations of webhooks that came in, for the administrators of the platform.

use async_graphql::{Context, Object, SimpleObject};

use super::{InboundWebhook, InboundWebhookStatus, process::process};
use crate::{
    input,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        entity::One,
        write::{Input, NoEvent, Stored},
    },
    queries,
};

queries! {
    /// Queries of webhooks that came in.
    InboundReads;
    one {
        /// Webhook with this id that came in. Null if there is none: they are stored for 30 days. Needs the permission
        /// `WEBHOOKS_REPLAY`.
        inbound_webhook: InboundWebhook,
    }
    list {
        /// Webhooks that came in during the last 30 days. Null, with an error, without the permission `WEBHOOKS_REPLAY`.
        inbound_webhooks: InboundWebhook,
    }
}

input! {
    /// Webhook that is going to be processed again.
    ReplayInboundWebhookInput {
        /// Identifier of the webhook.
        webhook_id: Id<InboundWebhook>,
    }
}

/// Result of replaying a webhook.
#[derive(SimpleObject)]
pub struct ReplayInboundWebhookPayload {
    /// Webhook that waits to be processed.
    webhook: One<InboundWebhook>,
}

#[derive(Debug, Default)]
pub struct InboundMutation;

#[Object]
impl InboundMutation {
    /// Lets a webhook be processed again that failed or was ignored; `INVALID_TRANSITION` if it waits or was processed, since it would
    /// take effect twice. Needs the permission `WEBHOOKS_REPLAY`.
    async fn replay_inbound_webhook(
        &self,
        ctx: &Context<'_>,
        input: Input<ReplayInboundWebhookInput>,
    ) -> Result<ReplayInboundWebhookPayload> {
        let scope = ctx.permitted(Permission::WebhooksReplay)?;
        let webhook = InboundWebhook::lock(scope, input.valid()?.webhook_id, None).await?;
        if !webhook.status.can_be_replayed() {
            let status = webhook.status.text().to_uppercase();
            let message = format!("only a webhook that is FAILED or IGNORED can be replayed; this one is {status}");
            return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
        }
        let waits = webhook.edit().status(InboundWebhookStatus::Received).error(None::<String>).processed_at(None);
        waits.update(scope, NoEvent).await?;
        process(webhook.clinic_id, webhook.id).enqueue(scope).await?;
        Ok(ReplayInboundWebhookPayload { webhook: One::of(webhook.id) })
    }
}
