//! The entity, its list and its count.

use async_graphql::{Context, InputObject};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::Clinic,
    entity,
    kernel::{
        Id, RequestOf, Result,
        db::Scope,
        entity::{Condition, Kinds, Listable, condition, one_of},
        request::service,
    },
    orders,
    schema::notifications,
    text_enum,
};

// One enum for all domains: clients have one type to filter and switch by, and the table's column one domain of values
// that a test compares with it. Composed of the domains' own enums it would need types for schema, input, output and SQL
// written by hand, to save the line that a new kind takes here.
text_enum! {
    /// Kind of notification: the event that it informs of.
    NotificationKind {
        /// A clinic opened a support ticket.
        TicketCreated = "ticket_created",
        /// A public reply was added to a support ticket.
        TicketReply = "ticket_reply",
        /// The status of a support ticket was changed.
        TicketStatusChanged = "ticket_status_changed",
        /// A deadline of a support ticket has passed.
        TicketOverdue = "ticket_overdue",
        /// An export that the user has requested can be downloaded.
        ExportReady = "export_ready",
        /// An export that the user has requested failed.
        ExportFailed = "export_failed",
        /// The server has disabled a webhook endpoint.
        WebhookDisabled = "webhook_disabled",
        /// An integration with a service outside stopped working.
        IntegrationError = "integration_error",
    }
}

entity! {
    /// Message to one user about something that happened. Each user sees only their own, and only those about objects of a type
    /// that they may read.
    Notification "notification" of notifications, tenant clinic_id shared, about subject_type;
    columns {
        /// Id of the notification.
        id: Id<Notification>,
        /// Kind of the notification: the event that it informs of.
        kind: NotificationKind,
        /// Title of the notification, at most 300 characters.
        title: String,
        /// Text of the notification, at most 200 characters.
        body: String,
        /// Path of the page in the dashboard that shows the subject. Null if there is none.
        link_path: Option<String>,
        /// Time at which the notification was read. Null if it is unread.
        read_at: Option<DateTime<Utc>>,
        /// Time at which the notification was archived. Null if it is not archived.
        archived_at: Option<DateTime<Utc>>,
        /// Time at which the notification was created.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    derived {
        /// Whether the notification was read.
        read: bool = "read_at is not null",
    }
    edges {
        /// Clinic that the notification is about. Null if it concerns no clinic.
        clinic: maybe Clinic by clinic_id,
        /// Object that the notification is about. Null if the caller may no longer see it.
        subject: any Node by subject_type, subject_id,
    }
}

orders! {
    /// Order of a list of notifications.
    NotificationOrder by NotificationOrderField, usually CreatedAt Desc;
    /// Time at which the notification was created.
    CreatedAt = "created_at" as Timestamptz,
}

/// Conditions that notifications in a list fulfil.
#[derive(Debug, Default, InputObject)]
pub struct NotificationFilter {
    /// Whether the notifications were read.
    pub read: Option<bool>,
    /// Kinds of the notifications.
    pub kind: Option<Vec<NotificationKind>>,
    /// Whether the notifications are archived; false if left out.
    pub archived: Option<bool>,
}

impl Listable for Notification {
    type Filter = NotificationFilter;
    type Order = NotificationOrder;

    fn conditions(filter: NotificationFilter) -> Result<Vec<Condition>> {
        use notifications as n;
        let all = [
            filter.read.map(|read| match read {
                true => condition(n::table, n::read_at.is_not_null()),
                false => condition(n::table, n::read_at.is_null()),
            }),
            Some(match filter.archived.unwrap_or_default() {
                true => condition(n::table, n::archived_at.is_not_null()),
                false => condition(n::table, n::archived_at.is_null()),
            }),
            filter.kind.map(|any| one_of(n::kind, any)),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// Number of the caller's notifications that are neither read nor archived, of those that they see.
pub async fn unread(kinds: &Kinds, scope: &Scope) -> Result<i64> {
    let tx = scope.tx().await?;
    let own = notifications::table.filter(notifications::recipient_user_id.eq(scope.actor().person()?.user_id));
    let unread = own.filter(notifications::read_at.is_null()).filter(notifications::archived_at.is_null());
    let unread = unread.filter(notifications::subject_type.eq_any(kinds.readable(scope.actor()))).count();
    Ok(match clinics(scope) {
        Some(clinics) => unread.filter(notifications::clinic_id.eq_any(clinics)).get_result(&mut tx.conn()?).await?,
        None => unread.get_result(&mut tx.conn()?).await?,
    })
}

/// The clinics whose notifications the caller has there: the one worked in, and the nil UUID of those about no clinic. None
/// for administrators, who have notifications of any clinic.
pub fn clinics(scope: &Scope) -> Option<[Uuid; 2]> {
    scope.actor().clinic_id().map(|clinic| [clinic, Uuid::nil()])
}

/// Whether a notification is about an object of a type that the caller may not read.
pub async fn is_hidden(ctx: &Context<'_>, id: Id<Notification>) -> Result<bool> {
    let (kinds, scope) = (service::<Kinds>(ctx)?, ctx.scope()?);
    if scope.actor().is_platform_admin() {
        return Ok(false);
    }
    let mut about =
        notifications::table.filter(notifications::id.eq(id)).select(notifications::subject_type).into_boxed();
    if let Some(clinics) = clinics(scope) {
        about = about.filter(notifications::clinic_id.eq_any(clinics));
    }
    let about: Option<String> = about.first(&mut scope.tx().await?.conn()?).await.optional()?;
    Ok(about.is_some_and(|about| !kinds.readable(scope.actor()).contains(&about.as_str())))
}
