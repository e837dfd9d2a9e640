//! Queries and mutations of notifications.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, update};
use diesel_async::RunQueryDsl;

use super::{
    ContactConsent, Notification, NotificationDelivery, NotificationEventKind, NotificationTemplate,
    notification::clinics,
};
use crate::{
    access::Viewer,
    kernel::{
        Error, Id, RequestOf, Result,
        clock::Clock,
        db::{Scope, prepared},
        entity::{Kinds, One},
        events::Event,
        request::service,
    },
    queries,
    schema::notifications,
};

queries! {
    /// Queries of notifications.
    NotificationReads;
    list {
        /// Notifications of the caller, newest first: those of the clinic they act in and those of no clinic, or all of
        /// them for administrators. Archived ones are left out unless the filter asks for them.
        notifications: Notification,
        /// Deliveries of notifications outside the application, newest first. Null, with an error, without the permission
        /// `NOTIFICATIONS_MANAGE`.
        notification_deliveries: NotificationDelivery,
        /// Words of clinics' own for notifications. Null, with an error, without the permission `NOTIFICATIONS_MANAGE`.
        notification_templates: NotificationTemplate,
        /// Decisions of people without an account on messages of clinics. Null, with an error, without the permission
        /// `NOTIFICATIONS_MANAGE`.
        contact_consents: ContactConsent,
    }
}

/// Notification to mark as read.
#[derive(Debug, InputObject)]
pub struct MarkNotificationReadInput {
    /// Id of the notification to mark as read.
    pub notification_id: Id<Notification>,
}

/// Result of marking a notification as read.
#[derive(SimpleObject)]
pub struct MarkNotificationReadPayload {
    /// Notification that was marked as read.
    notification: One<Notification>,
    /// Caller, with the new number of unread notifications.
    viewer: Viewer,
}

/// Notifications to mark as read.
#[derive(Debug, InputObject)]
pub struct MarkAllNotificationsReadInput {
    /// Time before which the notifications were created; later ones stay unread. Null for all of them.
    pub created_before: Option<DateTime<Utc>>,
}

/// Result of marking all notifications as read.
#[derive(SimpleObject)]
pub struct MarkAllNotificationsReadPayload {
    /// Number of notifications that were marked as read.
    count: i32,
    /// Caller, with the new number of unread notifications.
    viewer: Viewer,
}

/// Notification that is going to be archived.
#[derive(Debug, InputObject)]
pub struct ArchiveNotificationInput {
    /// Id of the notification to archive.
    pub notification_id: Id<Notification>,
}

/// Result of archiving a notification.
#[derive(SimpleObject)]
pub struct ArchiveNotificationPayload {
    /// Notification that was archived.
    notification: One<Notification>,
    /// Caller, with the new number of unread notifications.
    viewer: Viewer,
}

#[derive(Debug, Default)]
pub struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Marks one of the caller's notifications as read.
    async fn mark_notification_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Notification to mark as read.")] input: MarkNotificationReadInput,
    ) -> Result<Option<MarkNotificationReadPayload>> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let tx = scope.tx().await?;
        let mut unread = update(notifications::table).set(notifications::read_at.eq(now)).into_boxed();
        unread = unread.filter(notifications::id.eq(input.notification_id)).filter(notifications::read_at.is_null());
        unread = unread.filter(notifications::subject_type.eq_any(readable(ctx)?));
        if let Some(clinics) = clinics(scope) {
            unread = unread.filter(notifications::clinic_id.eq_any(clinics));
        }
        let changed = prepared(unread).execute(&mut tx.conn()?).await?;
        if changed > 0 {
            count_changed(scope, input.notification_id, READ)?;
        }
        Ok(Some(MarkNotificationReadPayload { notification: One::of(input.notification_id), viewer: viewer(ctx)? }))
    }

    /// Marks all of the caller's unread notifications as read.
    async fn mark_all_notifications_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Notifications to mark as read; all of them if left out.")] input: Option<
            MarkAllNotificationsReadInput,
        >,
    ) -> Result<Option<MarkAllNotificationsReadPayload>> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let person = scope.actor().person()?;
        let tx = scope.tx().await?;
        let before = input.and_then(|input| input.created_before).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut unread = update(notifications::table).set(notifications::read_at.eq(now)).into_boxed();
        unread = unread
            .filter(notifications::recipient_user_id.eq(person.user_id))
            .filter(notifications::read_at.is_null())
            .filter(notifications::created_at.lt(before));
        unread = unread.filter(notifications::subject_type.eq_any(readable(ctx)?));
        if let Some(clinics) = clinics(scope) {
            unread = unread.filter(notifications::clinic_id.eq_any(clinics));
        }
        let changed: Vec<Id<Notification>> = unread.returning(notifications::id).get_results(&mut tx.conn()?).await?;
        if let Some(last) = changed.last() {
            count_changed(scope, *last, READ)?;
        }
        let count = i32::try_from(changed.len()).map_err(Error::internal)?;
        Ok(Some(MarkAllNotificationsReadPayload { count, viewer: viewer(ctx)? }))
    }

    /// Archives one of the caller's notifications. An archived notification does not count as unread.
    async fn archive_notification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Notification that is going to be archived.")] input: ArchiveNotificationInput,
    ) -> Result<Option<ArchiveNotificationPayload>> {
        let scope = ctx.scope()?;
        let now = service::<Clock>(ctx)?.now();
        let tx = scope.tx().await?;
        let mut current = update(notifications::table).set(notifications::archived_at.eq(now)).into_boxed();
        current =
            current.filter(notifications::id.eq(input.notification_id)).filter(notifications::archived_at.is_null());
        current = current.filter(notifications::subject_type.eq_any(readable(ctx)?));
        if let Some(clinics) = clinics(scope) {
            current = current.filter(notifications::clinic_id.eq_any(clinics));
        }
        let changed = prepared(current).execute(&mut tx.conn()?).await?;
        if changed > 0 {
            count_changed(scope, input.notification_id, &["archivedAt"])?;
        }
        Ok(Some(ArchiveNotificationPayload { notification: One::of(input.notification_id), viewer: viewer(ctx)? }))
    }
}

/// Fields of a notification that change when it is marked as read.
const READ: &[&str] = &["read", "readAt"];

/// The types of objects that the caller may read: of others no notification is seen or changed.
fn readable(ctx: &Context<'_>) -> Result<Vec<&'static str>> {
    Ok(service::<Kinds>(ctx)?.readable(ctx.actor()?))
}

fn viewer(ctx: &Context<'_>) -> Result<Viewer> {
    Ok(Viewer::new(ctx.request()?.scope().clone()))
}

/// Informs the caller's other windows that the number of unread notifications changed.
fn count_changed(scope: &Scope, notification: Id<Notification>, fields: &[&'static str]) -> Result<()> {
    let user = scope.actor().person()?.user_id;
    let event = Event::of(NotificationEventKind::CountChanged, notification, scope.actor().clinic_id());
    event.for_user(user).changed(fields.to_vec()).push(scope);
    Ok(())
}
