//! Browsers in which users get push messages.

use async_graphql::{Context, Object, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, delete, insert_into};
use diesel_async::RunQueryDsl;

use crate::{
    access::User,
    entity, input,
    kernel::{
        Code, Error, Id, RequestOf, Result,
        entity::One,
        request::service,
        text::Url,
        write::{Input, Text},
    },
    notification::outside::Outside,
    schema::{push_subscriptions, push_subscriptions as rows},
};

/// Browsers of one user.
const MOST: i64 = 20;

entity! {
    /// Browser in which the caller gets push messages. Each user sees only their own.
    PushSubscription "push_subscription" of push_subscriptions;
    columns {
        /// Identifier of the subscription.
        id: Id<PushSubscription>,
        /// Address at the push service of the browser.
        endpoint: String,
        /// Time at which the browser was subscribed.
        created_at: DateTime<Utc>,
    }
    inside { user_id: Id<User> }
}

input! {
    /// Browser that is going to get push messages; the values are those of its `PushSubscription`.
    SubscribeToPushInput {
        /// Address at the push service of the browser: `endpoint`.
        endpoint: Url,
        /// Public key of the browser in base64url: `getKey("p256dh")`.
        public_key: Text<100>,
        /// Secret of the browser in base64url: `getKey("auth")`.
        secret: Text<50>,
    }
}

/// Result of subscribing a browser.
#[derive(SimpleObject)]
pub struct SubscribeToPushPayload {
    /// Subscription of the browser.
    push_subscription: One<PushSubscription>,
}

input! {
    /// Browser that is not going to get push messages any more.
    UnsubscribeFromPushInput {
        /// Identifier of the subscription.
        push_subscription_id: Id<PushSubscription>,
    }
}

/// Result of unsubscribing a browser.
#[derive(SimpleObject)]
pub struct UnsubscribeFromPushPayload {
    /// Identifier of the subscription that was removed.
    removed_push_subscription_id: Id<PushSubscription>,
    /// User who gets no more push messages in the browser.
    user: One<User>,
}

#[derive(Debug, Default)]
pub struct PushQuery;

#[Object]
impl PushQuery {
    /// Public key of the server in base64url, which a browser passes as `applicationServerKey` when it subscribes to push
    /// messages. Null if the server sends none.
    async fn push_public_key(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        ctx.actor()?.person()?;
        let push = service::<Outside>(ctx)?.push();
        if !push.is_there() {
            return Ok(None);
        }
        push.public_key().await.map(Some)
    }
}

#[derive(Debug, Default)]
pub struct PushMutation;

#[Object]
impl PushMutation {
    /// Subscribes a browser of the caller to push messages; a user can have 20. A browser that is subscribed already, also by
    /// somebody else, is the caller's from then on.
    async fn subscribe_to_push(
        &self,
        ctx: &Context<'_>,
        input: Input<SubscribeToPushInput>,
    ) -> Result<SubscribeToPushPayload> {
        let user = ctx.actor()?.person()?.user_id;
        let (input, mut problems) = input.check()?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap_or_default();
        let (public_key, secret) = (bytes(input.public_key.as_str()), bytes(input.secret.as_str()));
        let is_key = public_key.len() == 65 && public_key.starts_with(&[4]);
        problems.check(is_key, "input.publicKey", "must be an uncompressed point of P-256: 65 bytes in base64url");
        problems.check(secret.len() == 16, "input.secret", "must be 16 bytes in base64url");
        let endpoint = url::Url::parse(input.endpoint.as_str());
        match endpoint {
            Ok(endpoint) => {
                let checked = service::<Outside>(ctx)?.push().check(&endpoint).await;
                let message = checked.as_ref().err().map(ToString::to_string).unwrap_or_default();
                problems.check(checked.is_ok(), "input.endpoint", message);
            }
            Err(error) => problems.check(false, "input.endpoint", error.to_string()),
        }
        problems.done()?;
        let id = Id::<PushSubscription>::new();
        ctx.request()?
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let known = rows::table.filter(rows::endpoint.eq(input.endpoint.as_str()));
                delete(known).execute(&mut tx.conn()?).await?;
                let all = rows::table.filter(rows::user_id.eq(user)).count();
                if all.get_result::<i64>(&mut tx.conn()?).await? >= MOST {
                    let message = format!("you can have {MOST} browsers with push messages; please remove one first");
                    return Err(Error::new(Code::LimitReached, message).limit(MOST.unsigned_abs()));
                }
                insert_into(rows::table)
                    .values((
                        rows::id.eq(id),
                        rows::user_id.eq(user),
                        rows::endpoint.eq(input.endpoint.as_str()),
                        rows::public_key.eq(&public_key),
                        rows::secret.eq(&secret),
                    ))
                    .execute(&mut tx.conn()?)
                    .await?;
                Ok(())
            })
            .await?;
        Ok(SubscribeToPushPayload { push_subscription: One::of(id) })
    }

    /// Removes a browser of the caller from push messages.
    async fn unsubscribe_from_push(
        &self,
        ctx: &Context<'_>,
        input: Input<UnsubscribeFromPushInput>,
    ) -> Result<UnsubscribeFromPushPayload> {
        let scope = ctx.scope()?;
        let user = scope.actor().person()?.user_id;
        let id = input.valid()?.push_subscription_id;
        let own = rows::table.filter(rows::id.eq(id)).filter(rows::user_id.eq(user));
        if delete(own).execute(&mut scope.tx().await?.conn()?).await? == 0 {
            return Err(Error::not_found("there is no such push subscription of yours"));
        }
        Ok(UnsubscribeFromPushPayload { removed_push_subscription_id: id, user: One::of(Id::from_uuid(user)) })
    }
}
