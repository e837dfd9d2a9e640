//! Queries and mutations of webhooks.

use async_graphql::{Context, Object};
use chrono::TimeDelta;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{
    WebhookDelivery, WebhookEndpoint, WebhookEndpointEventKind, WebhookEndpointStatus,
    inputs::{
        CreateWebhookEndpointInput, CreateWebhookEndpointPayload, PauseWebhookEndpointInput,
        PauseWebhookEndpointPayload, RedeliverFailedWebhooksInput, RedeliverFailedWebhooksPayload,
        RedeliverWebhookInput, RedeliverWebhookPayload, RemoveWebhookEndpointInput, RemoveWebhookEndpointPayload,
        ResumeWebhookEndpointInput, ResumeWebhookEndpointPayload, RotateWebhookSecretInput, RotateWebhookSecretPayload,
        SendTestWebhookInput, SendTestWebhookPayload, UpdateWebhookEndpointInput, UpdateWebhookEndpointPayload,
    },
    kinds, redeliver, secret,
    service::Webhooks,
};
use crate::{
    access::user_id,
    clinic::Clinic,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::One,
        error::Problems,
        ids::Kind,
        request::service,
        write::{Clearable, Input, Items, NoEvent, Patch, Stored, Text},
    },
    queries,
    schema::webhook_endpoints,
};

queries! {
    /// Queries of webhooks.
    WebhookReads;
    one {
        /// Webhook endpoint with this id. Null if there is none that the caller may see. Needs the permission `WEBHOOKS_MANAGE`.
        webhook_endpoint: WebhookEndpoint,
        /// Delivery to a webhook endpoint with this id. Null if there is none that the caller may see. Needs the permission
        /// `WEBHOOKS_MANAGE`.
        webhook_delivery: WebhookDelivery,
    }
    list {
        /// Webhook endpoints of the caller's clinic; for platform administrators, of all clinics. Null, with an error, without
        /// the permission `WEBHOOKS_MANAGE`.
        webhook_endpoints: WebhookEndpoint,
        /// Deliveries to webhook endpoints of the caller's clinic in the last 30 days; for platform administrators, of all
        /// clinics. Null, with an error, without the permission `WEBHOOKS_MANAGE`.
        webhook_deliveries: WebhookDelivery,
    }
}

/// Most endpoints of a clinic.
const MOST_ENDPOINTS: i64 = 50;
/// Hours for which the previous secret is used, unless a rotation says otherwise.
const PREVIOUS_HOURS: i32 = 24;

/// The kinds that an input names; none for all.
fn chosen(kinds: &Items<Text<100>, 0, 100>) -> Option<Vec<String>> {
    let mut names: Vec<_> = kinds.0.iter().map(|kind| kind.as_str().to_owned()).collect();
    names.sort();
    names.dedup();
    Some(names).filter(|names| !names.is_empty())
}

/// Notes the kinds that are not known.
fn check_kinds(kinds: Option<&Items<Text<100>, 0, 100>>, problems: &mut Problems) {
    let kinds = kinds.map_or(&[][..], |kinds| &kinds.0);
    kinds::check(&kinds.iter().map(Text::as_str).collect::<Vec<_>>(), problems);
}

/// Events are sent with the rights of a member of the clinic, which administrators of the platform are not.
fn require_member(scope: &Scope) -> Result<()> {
    if scope.actor().is_platform_admin() {
        let message =
            "only people of the clinic decide what is sent and where to, as events are sent with their rights";
        return Err(Error::forbidden(message));
    }
    Ok(())
}

/// `LIMIT_REACHED` for a clinic that has as many endpoints as it may.
async fn require_room(scope: &Scope, clinic: Id<Clinic>) -> Result<()> {
    use webhook_endpoints as e;
    let count = e::table.filter(e::clinic_id.eq(clinic)).filter(e::deleted_at.is_null()).count();
    let count: i64 = count.get_result(&mut scope.tx().await?.conn()?).await?;
    if count >= MOST_ENDPOINTS {
        let message = format!("a clinic has at most {MOST_ENDPOINTS} webhook endpoints; remove one first");
        return Err(Error::new(Code::LimitReached, message).limit(MOST_ENDPOINTS.unsigned_abs()));
    }
    Ok(())
}

#[derive(Debug, Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Creates a webhook endpoint, to which events are sent with the rights of the caller as long as they have them. Needs the
    /// permission `WEBHOOKS_MANAGE`; administrators of the platform cannot create one.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Input<CreateWebhookEndpointInput>,
    ) -> Result<CreateWebhookEndpointPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        require_member(scope)?;
        let webhooks: &Webhooks = service(ctx)?;
        let (input, mut problems) = input.check()?;
        let clinic = input.clinic_id.resolve(scope).await?;
        check_kinds(input.event_kinds.as_ref(), &mut problems);
        webhooks.check_url(input.url.as_str(), &mut problems).await;
        if let Some(query) = &input.query {
            webhooks.check_query(query.as_str(), &mut problems).await?;
        }
        problems.done()?;
        require_room(scope, clinic).await?;
        let secret = secret::generate()?;
        let draft = WebhookEndpoint::new_in(clinic);
        let sealed = WebhookEndpoint::secret().seal(webhooks.ring(), draft.row_id(), Some(&secret), scope.now())?;
        let id = draft
            .owner_user_id(user_id(scope.actor().person()?))
            .url(input.url)
            .description(input.description)
            .event_kinds(input.event_kinds.as_ref().and_then(chosen))
            .query(input.query)
            .set(webhook_endpoints::secret_enc, sealed.enc.unwrap_or_default())
            .set(webhook_endpoints::secret_last_four, sealed.last_four)
            .set(webhook_endpoints::secret_updated_at, sealed.updated_at)
            .insert(scope, WebhookEndpointEventKind::Created)
            .await?;
        Ok(CreateWebhookEndpointPayload { webhook_endpoint: One::of(id), secret })
    }

    /// Updates a webhook endpoint. If what is sent or its address changes, the caller becomes the owner, with whose rights events
    /// are sent. Needs the permission `WEBHOOKS_MANAGE`; administrators of the platform cannot update one.
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Input<UpdateWebhookEndpointInput>,
    ) -> Result<UpdateWebhookEndpointPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        require_member(scope)?;
        let webhooks: &Webhooks = service(ctx)?;
        let (input, mut problems) = input.check()?;
        check_kinds(input.event_kinds.value(), &mut problems);
        if let Patch::Value(url) = &input.url {
            webhooks.check_url(url.as_str(), &mut problems).await;
        }
        if let Some(query) = input.query.value() {
            webhooks.check_query(query.as_str(), &mut problems).await?;
        }
        problems.done()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, input.expected_version).await?;
        let kinds = match &input.event_kinds {
            Clearable::Absent => endpoint.event_kinds.clone(),
            Clearable::Null => None,
            Clearable::Value(kinds) => chosen(kinds),
        };
        let draft = endpoint.edit().url(input.url).event_kinds(kinds).query(input.query);
        let changes_hands = !draft.is_empty() && endpoint.owner_user_id != user_id(scope.actor().person()?);
        let draft = if changes_hands { draft.also("owner") } else { draft };
        draft.description(input.description).update(scope, WebhookEndpointEventKind::Updated).await?;
        Ok(UpdateWebhookEndpointPayload { webhook_endpoint: One::of(endpoint.id) })
    }

    /// Pauses a webhook endpoint: events that happen from then on are not sent to it, neither now nor later. Needs the permission
    /// `WEBHOOKS_MANAGE`.
    async fn pause_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Input<PauseWebhookEndpointInput>,
    ) -> Result<PauseWebhookEndpointPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let input = input.valid()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, input.expected_version).await?;
        let draft = endpoint.edit().move_to(WebhookEndpointStatus::Paused, scope.now())?;
        draft.update(scope, WebhookEndpointEventKind::Paused).await?;
        Ok(PauseWebhookEndpointPayload { webhook_endpoint: One::of(endpoint.id) })
    }

    /// Resumes a webhook endpoint that was paused or disabled. Deliveries that were waiting when it was paused go on; those that
    /// have failed are not repeated. Needs the permission `WEBHOOKS_MANAGE`.
    async fn resume_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Input<ResumeWebhookEndpointInput>,
    ) -> Result<ResumeWebhookEndpointPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let input = input.valid()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, input.expected_version).await?;
        if endpoint.status != WebhookEndpointStatus::Active {
            endpoint
                .edit()
                .move_to(WebhookEndpointStatus::Active, scope.now())?
                .disabled_reason(None)
                .failing_since(None)
                .failed_deliveries(0)
                .dropped_events(0)
                .update(scope, WebhookEndpointEventKind::Resumed)
                .await?;
        }
        Ok(ResumeWebhookEndpointPayload { webhook_endpoint: One::of(endpoint.id) })
    }

    /// Removes a webhook endpoint, and gives up the deliveries that wait for it. Needs the permission `WEBHOOKS_MANAGE`.
    async fn remove_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveWebhookEndpointInput>,
    ) -> Result<RemoveWebhookEndpointPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let input = input.valid()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, input.expected_version).await?;
        redeliver::give_up_removed(scope, &endpoint).await?;
        endpoint.archive(scope, WebhookEndpointEventKind::Removed).await?;
        Ok(RemoveWebhookEndpointPayload {
            removed_webhook_endpoint_id: endpoint.id,
            clinic: One::of(endpoint.clinic_id),
        })
    }

    /// Rotates the secret of a webhook endpoint. For some hours, 24 if none are given, deliveries are signed with the previous
    /// secret too. Needs the permission `WEBHOOKS_MANAGE`.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: Input<RotateWebhookSecretInput>,
    ) -> Result<RotateWebhookSecretPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let webhooks: &Webhooks = service(ctx)?;
        let input = input.valid()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, input.expected_version).await?;
        let (ring, now) = (webhooks.ring(), scope.now());
        let previous = WebhookEndpoint::secret().open(ring, endpoint.id, &endpoint.secret_enc)?;
        let hours = input.previous_valid_hours.map_or(PREVIOUS_HOURS, i32::from);
        let until = (hours > 0).then(|| now + TimeDelta::hours(hours.into()));
        let previous = match until {
            Some(_) => WebhookEndpoint::previous_secret().seal(ring, endpoint.id, Some(&previous), now)?.enc,
            None => None,
        };
        let secret = secret::generate()?;
        let sealed = WebhookEndpoint::secret().seal(ring, endpoint.id, Some(&secret), now)?;
        endpoint
            .edit()
            .previous_secret_until(until)
            .set(webhook_endpoints::previous_secret_enc, previous)
            .set(webhook_endpoints::secret_enc, sealed.enc.unwrap_or_default())
            .set(webhook_endpoints::secret_last_four, sealed.last_four)
            .set(webhook_endpoints::secret_updated_at, sealed.updated_at)
            .also("secret")
            .update(scope, WebhookEndpointEventKind::SecretRotated)
            .await?;
        Ok(RotateWebhookSecretPayload { webhook_endpoint: One::of(endpoint.id), secret })
    }

    /// Sends a test to a webhook endpoint, also to one that is paused or disabled. Needs the permission `WEBHOOKS_MANAGE`.
    async fn send_test_webhook(
        &self,
        ctx: &Context<'_>,
        input: Input<SendTestWebhookInput>,
    ) -> Result<SendTestWebhookPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let input = input.valid()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, None).await?;
        let draft = WebhookDelivery::new_in(endpoint.clinic_id);
        let now = scope.now();
        let name = draft.row_id().to_string();
        let id = draft
            .endpoint_id(endpoint.id)
            .event_number(0)
            .event_id(name)
            .kind(kinds::TEST)
            .subject_type(WebhookEndpoint::PREFIX)
            .subject_id(endpoint.id.uuid())
            .occurred_at(now)
            .next_attempt_at(now)
            .created_at(now)
            .insert(scope, NoEvent)
            .await?;
        Ok(SendTestWebhookPayload { webhook_delivery: One::of(id) })
    }

    /// Repeats a delivery that has ended, with the same `webhook-id`. The endpoint must be active (`INVALID_TRANSITION`). Needs
    /// the permission `WEBHOOKS_MANAGE`.
    async fn redeliver_webhook(
        &self,
        ctx: &Context<'_>,
        input: Input<RedeliverWebhookInput>,
    ) -> Result<RedeliverWebhookPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let input = input.valid()?;
        let delivery = redeliver::one(scope, input.webhook_delivery_id).await?;
        Ok(RedeliverWebhookPayload { webhook_delivery: One::of(delivery) })
    }

    /// Repeats the failed deliveries to a webhook endpoint that were created in a range of time, in the order of their events. The
    /// endpoint must be active (`INVALID_TRANSITION`). Needs the permission `WEBHOOKS_MANAGE`.
    async fn redeliver_failed_webhooks(
        &self,
        ctx: &Context<'_>,
        input: Input<RedeliverFailedWebhooksInput>,
    ) -> Result<RedeliverFailedWebhooksPayload> {
        let scope = ctx.permitted(Permission::WebhooksManage)?;
        let (input, mut problems) = input.check()?;
        problems.check(input.from < input.until, "input.until", "must be later than `from`");
        problems.done()?;
        let endpoint = WebhookEndpoint::lock(scope, input.webhook_endpoint_id, None).await?;
        let count = redeliver::failed(scope, &endpoint, input.from, input.until).await?;
        Ok(RedeliverFailedWebhooksPayload {
            webhook_endpoint: One::of(endpoint.id),
            redelivered_count: i32::try_from(count).unwrap_or(i32::MAX),
        })
    }
}
