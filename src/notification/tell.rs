//! How notifications are made.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{HasSqlType, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::NotificationKind;
use crate::{
    kernel::{
        Id, Result,
        db::{Scope, Tx},
    },
    support::SupportTicket,
};

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

/// Tells people of something, but never the one who did it.
pub async fn tell(scope: &Scope, whom: Recipients, about: About<'_>) -> Result<()> {
    let telling = Telling {
        whom,
        doer: scope.actor().person().map_or(Uuid::nil(), |person| person.user_id),
        what: about.what,
        clinic: about.clinic,
        ticket: about.ticket,
        link: format!("/tickets/{}", Id::<SupportTicket>::from_uuid(about.ticket)),
        title: about.title.chars().take(300).collect(),
        body: about.body.chars().take(200).collect(),
        cause: about.cause,
        now: about.now,
    };
    scope.note_events();
    let told = async move |tx: Tx| {
        telling.execute(&mut tx.conn()?).await?;
        Ok(())
    };
    scope.send(told).await
}

/// The notifications and their events in one statement. It returns nothing of them: whoever tells others does not see
/// what they are told. The ids are therefore drawn first, so that an event is also written for a notification that was
/// there already; who hears of it finds what they know.
struct Telling {
    whom: Recipients,
    doer: Uuid,
    what: NotificationKind,
    clinic: Uuid,
    ticket: Uuid,
    link: String,
    title: String,
    body: String,
    cause: String,
    now: DateTime<Utc>,
}

impl QueryId for Telling {
    // Kept prepared by its text.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Telling {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH told AS MATERIALIZED (SELECT private.uuid_v7() AS id, id AS user_id FROM users WHERE id <> ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.doer)?;
        match &self.whom {
            Recipients::Administrators => {
                out.push_sql(" AND is_platform_admin AND status = 'active' AND deleted_at IS NULL");
            }
            Recipients::One(user) => {
                out.push_sql(" AND id = ");
                out.push_bind_param::<SqlUuid, _>(user)?;
            }
        }
        out.push_sql("), made AS (INSERT INTO notifications (id, recipient_user_id, created_at, clinic_id, ticket_id, kind, title, body, link_path, dedupe_key) SELECT id, user_id");
        bind::<Timestamptz, _>(&self.now, &mut out)?;
        bind::<SqlUuid, _>(&self.clinic, &mut out)?;
        bind::<SqlUuid, _>(&self.ticket, &mut out)?;
        bind::<Text, _>(&self.what, &mut out)?;
        bind::<Text, _>(&self.title, &mut out)?;
        bind::<Text, _>(&self.body, &mut out)?;
        bind::<Text, _>(&self.link, &mut out)?;
        bind::<Text, _>(&self.cause, &mut out)?;
        out.push_sql(" || ':' || user_id FROM told ON CONFLICT DO NOTHING) INSERT INTO outbox_events (user_id, subject_id, audience, topic, kind, clinic_id) SELECT user_id, id, 'clinic', 'notification', 'received'");
        bind::<SqlUuid, _>(&self.clinic, &mut out)?;
        out.push_sql(" FROM told");
        Ok(())
    }
}

/// Adds a value to what is selected.
fn bind<'b, S, T>(value: &'b T, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>
where
    Pg: HasSqlType<S>,
    T: ToSql<S, Pg>,
{
    out.push_sql(", ");
    out.push_bind_param::<S, T>(value)
}
