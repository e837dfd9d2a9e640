//! The declaration.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use crate::{
    clinic::Clinic,
    entity,
    kernel::{
        Id, Result,
        db::Scope,
        entity::{Condition, Listable, condition, one_of},
    },
    orders,
    schema::notifications,
    support::Ticket,
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
    Notification "notification" of notifications, tenant clinic_id;
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
        ticket: maybe Ticket by ticket_id,
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

impl Listable for Notification {
    type Filter = NotificationFilter;
    type Order = NotificationOrder;

    fn conditions(filter: NotificationFilter) -> Result<Vec<Condition>> {
        use notifications as n;
        let all = [
            filter.unread_only.then(|| condition(n::table, n::read_at.is_null())),
            (!filter.archived).then(|| condition(n::table, n::archived_at.is_null())),
            filter.kinds.map(|any| one_of(n::kind, any)),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// How many of the caller's own are unread.
pub async fn unread(scope: &Scope) -> Result<i64> {
    let tx = scope.tx().await?;
    let own = notifications::table.filter(notifications::recipient_user_id.eq(scope.actor().person()?.user_id));
    let unread = own.filter(notifications::read_at.is_null()).filter(notifications::archived_at.is_null()).count();
    Ok(match scope.actor().clinic_id() {
        Some(clinic) => unread.filter(notifications::clinic_id.eq(clinic)).get_result(&mut tx.conn()?).await?,
        None => unread.get_result(&mut tx.conn()?).await?,
    })
}
