//! How notifications are made.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{HasSqlType, Text, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::NotificationKind;
use crate::{
    kernel::{
        Id, Result,
        db::Scope,
        events::{Event, Written},
    },
    support::Ticket,
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
pub struct Notice<'a> {
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
pub async fn notify(scope: &Scope, whom: Recipients, notice: Notice<'_>) -> Result<()> {
    let doer = scope.actor().person().map_or(Uuid::nil(), |person| person.user_id);
    let whom = match whom {
        Recipients::One(user) if user == doer => return Ok(()),
        Recipients::One(user) => {
            let id = Uuid::now_v7();
            Event::new("notification", "received", id, Some(notice.clinic)).for_user(user).push(scope);
            Told::One { id, user }
        }
        Recipients::Administrators => Told::AdministratorsBut(doer),
    };
    scope
        .send(Telling {
            whom,
            what: notice.what,
            clinic: notice.clinic,
            ticket: notice.ticket,
            link: format!("/tickets/{}", Id::<Ticket>::from_uuid(notice.ticket)),
            title: notice.title.chars().take(300).collect(),
            body: notice.body.chars().take(200).collect(),
            cause: notice.cause,
            now: notice.now,
            events: Written(scope.take_told()),
        })
        .await
}

/// The notifications and all events so far in one statement. It returns nothing of them: whoever tells others does not see
/// what they are told. The ids are therefore drawn first, so that an event is also written for a notification that was
/// there already; who hears of it finds what they know.
struct Telling {
    whom: Told,
    what: NotificationKind,
    clinic: Uuid,
    ticket: Uuid,
    link: String,
    title: String,
    body: String,
    cause: String,
    now: DateTime<Utc>,
    events: Written,
}

/// Who is told, without the one who did it.
enum Told {
    /// The event of it is among the others.
    One { id: Uuid, user: Uuid },
    /// Found by the statement.
    AdministratorsBut(Uuid),
}

impl QueryId for Telling {
    // Kept prepared by its text.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Telling {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        if let Told::AdministratorsBut(doer) = &self.whom {
            out.push_sql(
                "told AS MATERIALIZED (SELECT private.uuid_v7() AS id, user_id FROM private.administrators_but(",
            );
            out.push_bind_param::<SqlUuid, _>(doer)?;
            out.push_sql(") AS user_id), ");
        }
        out.push_sql("made AS (INSERT INTO notifications (id, recipient_user_id, dedupe_key, created_at, clinic_id, ticket_id, kind, title, body, link_path) SELECT ");
        match &self.whom {
            Told::One { id, user } => {
                out.push_bind_param::<SqlUuid, _>(id)?;
                out.push_sql(", ");
                out.push_bind_param::<SqlUuid, _>(user)?;
            }
            Told::AdministratorsBut(_) => out.push_sql("id, user_id"),
        }
        bind::<Text, _>(&self.cause, &mut out)?;
        out.push_sql(" || ':' || ");
        match &self.whom {
            Told::One { user, .. } => out.push_bind_param::<SqlUuid, _>(user)?,
            Told::AdministratorsBut(_) => out.push_sql("user_id"),
        }
        bind::<Timestamptz, _>(&self.now, &mut out)?;
        bind::<SqlUuid, _>(&self.clinic, &mut out)?;
        bind::<SqlUuid, _>(&self.ticket, &mut out)?;
        bind::<Text, _>(&self.what, &mut out)?;
        bind::<Text, _>(&self.title, &mut out)?;
        bind::<Text, _>(&self.body, &mut out)?;
        bind::<Text, _>(&self.link, &mut out)?;
        if let Told::AdministratorsBut(_) = self.whom {
            out.push_sql(" FROM told");
        }
        out.push_sql(" ON CONFLICT DO NOTHING) ");
        self.events.walk_ast(out.reborrow())?;
        if let Told::AdministratorsBut(_) = self.whom {
            if !self.events.0.is_empty() {
                out.push_sql(" UNION ALL ");
            }
            out.push_sql("SELECT ");
            out.push_bind_param::<SqlUuid, _>(&self.clinic)?;
            out.push_sql(", user_id, 'clinic', 'notification', id, NULL, 'received', '{}' FROM told");
        }
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
