//! The declaration, and how notifications are made.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, Insertable, QueryDsl, insert_into};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::Clinic,
    entity,
    kernel::{
        Id, Result,
        db::Scope,
        entity::{Condition, Listed, condition},
        events::Event,
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

#[derive(Debug, Insertable)]
#[diesel(table_name = notifications)]
struct NewNotification<'a> {
    id: Uuid,
    recipient_user_id: Uuid,
    clinic_id: Uuid,
    kind: NotificationKind,
    title: &'a str,
    body: &'a str,
    link_path: &'a str,
    ticket_id: Uuid,
    dedupe_key: String,
    created_at: DateTime<Utc>,
}

/// Tells people of something, but never the one who did it.
pub async fn tell(scope: &Scope, whom: Recipients, about: About<'_>) -> Result<()> {
    let tx = scope.tx().await?;
    let mut conn = tx.conn()?;
    let people: Vec<Uuid> = match whom {
        Recipients::One(user) => vec![user],
        Recipients::Administrators => {
            let administrators = users::table
                .filter(users::is_platform_admin)
                .filter(users::status.eq("active"))
                .filter(users::deleted_at.is_null());
            administrators.order(users::id).select(users::id).load(&mut conn).await?
        }
    };
    let doer = scope.actor().person().ok().map(|person| person.user_id);
    let link = format!("/tickets/{}", Id::<SupportTicket>::from_uuid(about.ticket));
    let body: String = about.body.chars().take(200).collect();
    let title: String = about.title.chars().take(300).collect();
    let made: Vec<_> = people
        .into_iter()
        .filter(|user| Some(*user) != doer)
        .map(|user| NewNotification {
            id: Uuid::now_v7(),
            recipient_user_id: user,
            clinic_id: about.clinic,
            kind: about.what,
            title: &title,
            body: &body,
            link_path: &link,
            ticket_id: about.ticket,
            dedupe_key: format!("{}:{user}", about.cause),
            created_at: about.now,
        })
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    let events = made
        .iter()
        .map(|one| Event::new("notification", "received", one.id, Some(about.clinic)).for_user(one.recipient_user_id))
        .collect();
    // Nothing is returned: whoever tells others does not see what they are told.
    insert_into(notifications::table).values(made).on_conflict_do_nothing().execute(&mut conn).await?;
    Event::push_all(events, scope).await
}

/// How many of the caller's own are unread.
pub async fn unread(scope: &Scope) -> Result<i64> {
    let tx = scope.tx().await?;
    let own = notifications::table.filter(notifications::recipient_user_id.eq(scope.actor().person()?.user_id));
    let unread = own.filter(notifications::read_at.is_null()).filter(notifications::archived_at.is_null());
    Ok(unread.count().get_result(&mut tx.conn()?).await?)
}
