//! How notifications are written.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{HasSqlType, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::{NotificationEventKind, NotificationKind};
use crate::kernel::{
    Id, Result,
    db::Scope,
    entity::Entity,
    events::{Event, EventKind, InsertEvents},
};

/// Who is notified.
#[derive(Debug, Clone, Copy)]
pub enum Recipients {
    /// Every active administrator of the platform.
    Administrators,
    One(Uuid),
}

/// Object that a notification is about, of any kind.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Prefix of the ids of its kind.
    kind: &'static str,
    id: Uuid,
}

impl Subject {
    #[must_use]
    pub fn of<E: Entity>(id: Id<E>) -> Self {
        Self { kind: E::PREFIX, id: id.uuid() }
    }
}

/// Content of a notification.
#[derive(Debug)]
pub struct Notice<'a> {
    pub kind: NotificationKind,
    /// Clinic that it is about; `None` for what concerns no clinic.
    pub clinic: Option<Uuid>,
    pub subject: Subject,
    /// Path of the subject's page in the dashboard, made by the subject's module.
    pub link_path: Option<String>,
    pub title: String,
    pub body: &'a str,
    /// Identifies the cause: each recipient is notified of it once.
    pub cause: String,
    pub now: DateTime<Utc>,
}

/// Notifies people of something, except the person who did it.
pub async fn notify(scope: &Scope, recipients: Recipients, notice: Notice<'_>) -> Result<()> {
    let author = scope.actor().person().map_or(Uuid::nil(), |person| person.user_id);
    let recipients = match recipients {
        Recipients::One(user) if user == author => return Ok(()),
        Recipients::One(user) => {
            let id = Id::new();
            Event::of(NotificationEventKind::Received, id, notice.clinic).for_user(user).push(scope);
            Notified::One { id: id.uuid(), user }
        }
        Recipients::Administrators => Notified::AdministratorsBut(author),
    };
    scope
        .send(Insert {
            recipients,
            kind: notice.kind,
            event_clinic: notice.clinic,
            clinic: notice.clinic.unwrap_or_default(),
            subject: notice.subject,
            link_path: notice.link_path,
            title: notice.title.chars().take(300).collect(),
            body: notice.body.chars().take(200).collect(),
            cause: notice.cause,
            now: notice.now,
            received: NotificationEventKind::Received.text(),
            events: InsertEvents(scope.take_events()),
        })
        .await
}

/// The notifications and all events so far in one statement. It returns none of them, since their author does not see
/// what others are notified of. The ids are therefore drawn first, so that an event is also written for a notification
/// that existed already; its recipient then finds a notification that they know.
struct Insert {
    recipients: Notified,
    kind: NotificationKind,
    event_clinic: Option<Uuid>,
    /// Nil for none: every row has a clinic, so that keys can begin with it.
    clinic: Uuid,
    subject: Subject,
    link_path: Option<String>,
    title: String,
    body: String,
    cause: String,
    now: DateTime<Utc>,
    /// Kind of the events that the statement itself writes.
    received: &'static str,
    events: InsertEvents,
}

/// Who is notified, without the author.
enum Notified {
    /// The event of it is among the others.
    One { id: Uuid, user: Uuid },
    /// Found by the statement.
    AdministratorsBut(Uuid),
}

impl QueryId for Insert {
    // Prepared by its text.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Insert {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        if let Notified::AdministratorsBut(author) = &self.recipients {
            out.push_sql(
                "recipients AS MATERIALIZED (SELECT private.uuid_v7() AS id, user_id FROM private.administrators_but(",
            );
            out.push_bind_param::<SqlUuid, _>(author)?;
            out.push_sql(") AS user_id), ");
        }
        out.push_sql("made AS (INSERT INTO notifications (id, recipient_user_id, dedupe_key, created_at, clinic_id, subject_type, subject_id, kind, title, body, link_path) SELECT ");
        match &self.recipients {
            Notified::One { id, user } => {
                out.push_bind_param::<SqlUuid, _>(id)?;
                out.push_sql(", ");
                out.push_bind_param::<SqlUuid, _>(user)?;
            }
            Notified::AdministratorsBut(_) => out.push_sql("id, user_id"),
        }
        bind::<Text, _>(&self.cause, &mut out)?;
        out.push_sql(" || ':' || ");
        match &self.recipients {
            Notified::One { user, .. } => out.push_bind_param::<SqlUuid, _>(user)?,
            Notified::AdministratorsBut(_) => out.push_sql("user_id"),
        }
        bind::<Timestamptz, _>(&self.now, &mut out)?;
        bind::<SqlUuid, _>(&self.clinic, &mut out)?;
        bind::<Text, _>(&self.subject.kind, &mut out)?;
        bind::<SqlUuid, _>(&self.subject.id, &mut out)?;
        bind::<Text, _>(&self.kind, &mut out)?;
        bind::<Text, _>(&self.title, &mut out)?;
        bind::<Text, _>(&self.body, &mut out)?;
        bind::<Nullable<Text>, _>(&self.link_path, &mut out)?;
        if let Notified::AdministratorsBut(_) = self.recipients {
            out.push_sql(" FROM recipients");
        }
        out.push_sql(" ON CONFLICT DO NOTHING) ");
        self.events.walk_ast(out.reborrow())?;
        if let Notified::AdministratorsBut(_) = self.recipients {
            if !self.events.0.is_empty() {
                out.push_sql(" UNION ALL ");
            }
            out.push_sql("SELECT ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&self.event_clinic)?;
            out.push_sql(", user_id, 'clinic', ");
            out.push_bind_param::<Text, _>(&NotificationEventKind::TOPIC.name)?;
            out.push_sql(", id, NULL, ");
            out.push_bind_param::<Text, _>(&self.received)?;
            out.push_sql(", '{}' FROM recipients");
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
