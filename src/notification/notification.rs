//! The declaration, and how notifications are made.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, IntoSql, QueryDsl, define_sql_function, insert_into, sql_types};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::Clinic,
    entity,
    kernel::{
        Id, Result,
        db::Scope,
        entity::{Condition, Listed, condition},
    },
    orders,
    schema::{notifications, users},
    support::SupportTicket,
    text_enum,
};

text_enum! {
    /// What a notification tells of.
    NotificationKind {
        /// A clinic has opened a ticket.
        TicketCreated = "ticket_created",
        /// Somebody has replied to a ticket.
        TicketReply = "ticket_reply",
        /// A ticket stands elsewhere now.
        TicketStatusChanged = "ticket_status_changed",
    }
}

entity! {
    /// Something the caller is told of. Everybody sees their own only.
    Notification "notification" of notifications;
    columns {
        /// The notification's id.
        id: Id<Notification>,
        /// What it tells of.
        kind: NotificationKind,
        /// In a line.
        title: String,
        /// A little more.
        body: String,
        /// Where a dashboard leads from it; null for nowhere.
        link_path: Option<String>,
        /// When it was read; null before.
        read_at: Option<DateTime<Utc>>,
        /// When it was put away; null before.
        archived_at: Option<DateTime<Utc>>,
        /// When it was made.
        created_at: DateTime<Utc>,
    }
    derived {
        /// Whether it was read.
        read: bool = "read_at is not null",
    }
    edges {
        /// The clinic it is about.
        clinic: one Clinic by clinic_id,
        /// The ticket it is about; null for none.
        ticket: maybe SupportTicket by ticket_id,
    }
}

orders! {
    /// The order of a list of notifications.
    NotificationOrder by NotificationOrderField, usually CreatedAt Desc;
    /// By when they were made.
    CreatedAt = "created_at" as Timestamptz,
}

/// Which notifications.
#[derive(Debug, Default, InputObject)]
pub struct NotificationFilter {
    /// Only those not read yet.
    #[graphql(default)]
    pub unread_only: bool,
    /// Of one of these kinds.
    pub kinds: Option<Vec<NotificationKind>>,
    /// Also those put away.
    #[graphql(default)]
    pub archived: bool,
}

impl Listed for Notification {
    type Filter = NotificationFilter;
    type Order = NotificationOrder;

    fn conditions(filter: NotificationFilter) -> Result<Vec<Condition>> {
        use notifications as n;
        let all = [
            filter.unread_only.then(|| condition(n::table, n::read_at.is_null())),
            (!filter.archived).then(|| condition(n::table, n::archived_at.is_null())),
            filter.kinds.map(|any| condition(n::table, n::kind.eq_any(any))),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy)]
pub enum Recipients {
    /// Every active administrator of the platform.
    Administrators,
    One(Uuid),
}

/// What they are told.
#[derive(Debug)]
pub struct About<'a> {
    pub what: NotificationKind,
    pub clinic: Uuid,
    pub ticket: Uuid,
    pub title: String,
    pub body: &'a str,
    /// Tells causes apart: nobody is told twice of one.
    pub cause: String,
    pub now: DateTime<Utc>,
}

/// Tells people of something, but never the one who did it. The database writes the events of it.
pub async fn tell(scope: &Scope, whom: Recipients, about: About<'_>) -> Result<()> {
    use sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
    let doer = scope.actor().person().map_or(Uuid::nil(), |person| person.user_id);
    let link = format!("/tickets/{}", Id::<SupportTicket>::from_uuid(about.ticket));
    let body: String = about.body.chars().take(200).collect();
    let title: String = about.title.chars().take(300).collect();
    let told = (
        uuid_v7(),
        users::id,
        about.clinic.into_sql::<SqlUuid>(),
        about.what.into_sql::<Text>(),
        title.into_sql::<Text>(),
        body.into_sql::<Text>(),
        Some(link).into_sql::<Nullable<Text>>(),
        Some(about.ticket).into_sql::<Nullable<SqlUuid>>(),
        concat(format!("{}:", about.cause), users::id),
        about.now.into_sql::<Timestamptz>(),
    );
    let columns = (
        notifications::id,
        notifications::recipient_user_id,
        notifications::clinic_id,
        notifications::kind,
        notifications::title,
        notifications::body,
        notifications::link_path,
        notifications::ticket_id,
        notifications::dedupe_key,
        notifications::created_at,
    );
    let others = users::table.filter(users::id.ne(doer));
    let tx = scope.tx().await?;
    let mut conn = tx.conn()?;
    // Nothing is returned: whoever tells others does not see what they are told.
    let made = match whom {
        Recipients::Administrators => {
            let administrators = others
                .filter(users::is_platform_admin)
                .filter(users::status.eq("active"))
                .filter(users::deleted_at.is_null());
            let made = insert_into(notifications::table).values(administrators.select(told)).into_columns(columns);
            made.on_conflict_do_nothing().execute(&mut conn).await?
        }
        Recipients::One(user) => {
            let one = others.filter(users::id.eq(user));
            let made = insert_into(notifications::table).values(one.select(told)).into_columns(columns);
            made.on_conflict_do_nothing().execute(&mut conn).await?
        }
    };
    if made > 0 {
        scope.note_events();
    }
    Ok(())
}

define_sql_function! {
    #[sql_name = "private.uuid_v7"]
    fn uuid_v7() -> sql_types::Uuid;
}
define_sql_function! {
    fn concat(text: sql_types::Text, id: sql_types::Uuid) -> sql_types::Text;
}

/// How many of the caller's own are unread.
pub async fn unread(scope: &Scope) -> Result<i64> {
    let tx = scope.tx().await?;
    let own = notifications::table.filter(notifications::recipient_user_id.eq(scope.actor().person()?.user_id));
    let unread = own.filter(notifications::read_at.is_null()).filter(notifications::archived_at.is_null());
    Ok(unread.count().get_result(&mut tx.conn()?).await?)
}
