//! The notification room's part of the API.

use async_graphql::{Context, InputObject, MergedObject, Object};
use diesel::{ExpressionMethods, update};
use diesel_async::RunQueryDsl;

use super::{Notification, unread};
use crate::{
    kernel::{
        Error, Id, RequestOf, Result,
        clock::Clock,
        db::{Scope, prepared},
        entity::One,
        events::Event,
        request::service,
    },
    queries,
    schema::notifications,
};

queries! {
    /// Lists of notifications.
    NotificationLists;
    list {
        /// The caller's own notifications, of the clinic they work in, newest first; those put away only when asked for.
        notifications: Notification,
    }
}

#[derive(Debug, Default)]
struct UnreadCount;

#[Object]
impl UnreadCount {
    /// How many of the caller's notifications are neither read nor put away.
    async fn unread_notification_count(&self, ctx: &Context<'_>) -> Result<i64> {
        unread(ctx.scope()?).await
    }
}

/// Reads of the notification room.
#[derive(Debug, Default, MergedObject)]
pub struct NotificationReads(NotificationLists, UnreadCount);

/// One of the caller's notifications.
#[derive(Debug, InputObject)]
pub struct NotificationInput {
    /// The notification.
    pub notification_id: Id<Notification>,
}

#[derive(Debug, Default)]
pub struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Note that the caller has read one of their notifications.
    async fn mark_notification_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: NotificationInput,
    ) -> Result<One<Notification>> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let tx = scope.tx().await?;
        let mut one = update(notifications::table).set(notifications::read_at.eq(now)).into_boxed();
        one = one.filter(notifications::id.eq(input.notification_id)).filter(notifications::read_at.is_null());
        if let Some(clinic) = scope.actor().clinic_id() {
            one = one.filter(notifications::clinic_id.eq(clinic));
        }
        let changed = prepared(one).execute(&mut tx.conn()?).await?;
        tell_count(scope, input.notification_id, changed, READ)?;
        Ok(One::of(input.notification_id))
    }

    /// Note that the caller has read all of their notifications; tells how many were unread.
    async fn mark_all_notifications_read(&self, ctx: &Context<'_>) -> Result<i32> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let person = scope.actor().person()?;
        let tx = scope.tx().await?;
        let mut own = update(notifications::table).set(notifications::read_at.eq(now)).into_boxed();
        own = own.filter(notifications::recipient_user_id.eq(person.user_id)).filter(notifications::read_at.is_null());
        if let Some(clinic) = scope.actor().clinic_id() {
            own = own.filter(notifications::clinic_id.eq(clinic));
        }
        let changed: Vec<Id<Notification>> = own.returning(notifications::id).get_results(&mut tx.conn()?).await?;
        if let Some(last) = changed.last() {
            tell_count(scope, *last, changed.len(), READ)?;
        }
        i32::try_from(changed.len()).map_err(Error::internal)
    }

    /// Put one of the caller's notifications away; it counts as read.
    async fn archive_notification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: NotificationInput,
    ) -> Result<One<Notification>> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let tx = scope.tx().await?;
        let mut one = update(notifications::table).set(notifications::archived_at.eq(now)).into_boxed();
        one = one.filter(notifications::id.eq(input.notification_id)).filter(notifications::archived_at.is_null());
        if let Some(clinic) = scope.actor().clinic_id() {
            one = one.filter(notifications::clinic_id.eq(clinic));
        }
        let changed = prepared(one).execute(&mut tx.conn()?).await?;
        tell_count(scope, input.notification_id, changed, &["archivedAt"])?;
        Ok(One::of(input.notification_id))
    }
}

/// What of a notification changes when it is read.
const READ: &[&str] = &["read", "readAt"];

/// Tells the caller's other windows that the count is another.
fn tell_count(scope: &Scope, notification: Id<Notification>, changed: usize, fields: &[&'static str]) -> Result<()> {
    if changed == 0 {
        return Ok(());
    }
    let person = scope.actor().person()?;
    let clinic = scope.actor().clinic_id();
    let event = Event::new("notification", "count_changed", notification.uuid(), clinic).for_user(person.user_id);
    event.changed(fields.to_vec()).push(scope);
    Ok(())
}
