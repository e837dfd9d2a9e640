//! Events of notifications, each for its recipient alone, and the subscriptions to them.

use async_graphql::{Context, SimpleObject, Subscription};

use super::{Notification, notification::is_hidden, unread};
use crate::{
    events,
    kernel::{
        RequestOf, Result,
        entity::{Kinds, Maybe},
        request::service,
    },
    live::{EventBase, Events, Subscribe, stream},
};

events! {
    /// Kind of change to the notifications of a user.
    NotificationEventKind of Notification for one user {
        /// A notification was created for the user.
        Received = "received",
        /// The number of the user's unread notifications changed.
        CountChanged = "count_changed",
    }
}

/// Arrival of a notification for the caller.
#[derive(SimpleObject)]
pub struct NotificationEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Notification that arrived. Null if it was removed since.
    notification: Maybe<Notification>,
}

/// Change to the number of the caller's unread notifications.
#[derive(SimpleObject)]
pub struct UnreadNotificationCountEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Number of the caller's unread notifications now.
    count: i64,
}

#[derive(Default)]
pub struct NotificationSubscription;

#[Subscription]
impl NotificationSubscription {
    /// Reports notifications that are created for the caller, in the clinic they act in.
    async fn notification_received(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<NotificationEvent>> {
        let wanted = Subscribe::<NotificationEventKind>::after(after);
        let wanted = wanted.kinds(Some(vec![NotificationEventKind::Received]));
        let Some(event) = wanted.event(ctx)? else { return Ok(stream(None)) };
        // That it was created is nothing for who may not read what it is about.
        if is_hidden(ctx, event.subject_id).await? {
            return Ok(stream(None));
        }
        Ok(stream(Some(NotificationEvent { notification: event.subject(), base: event.base })))
    }

    /// Reports the number of the caller's unread notifications whenever it may have changed.
    async fn unread_notification_count_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<UnreadNotificationCountEvent>> {
        Ok(match Subscribe::<NotificationEventKind>::after(after).event(ctx)? {
            Some(event) => {
                let count = unread(service::<Kinds>(ctx)?, ctx.scope()?).await?;
                stream(Some(UnreadNotificationCountEvent { count, base: event.base }))
            }
            None => stream(None),
        })
    }
}
