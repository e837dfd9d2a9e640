//! How notifications are written.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{Array, HasSqlType, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::{
    NoticeKind, NotificationEventKind, NotificationLanguage,
    contact::{self, Contact},
    kind::{Value, fill, stored},
};
use crate::kernel::{
    Id, Result,
    db::Scope,
    entity::Entity,
    events::{Event, EventKind, InsertEvents},
};

/// Who is notified.
#[derive(Debug, Clone)]
pub enum Recipients {
    /// Every active administrator of the platform.
    Administrators,
    One(Uuid),
    /// Somebody without an account, outside the application only.
    Contact(Contact),
}

/// Object that a notification is about, of any kind.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Prefix of the ids of its kind.
    pub(super) kind: &'static str,
    pub(super) id: Uuid,
}

impl Subject {
    #[must_use]
    pub fn of<E: Entity>(id: Id<E>) -> Self {
        Self { kind: E::PREFIX, id: id.uuid() }
    }
}

/// Content of a notification.
#[derive(Debug)]
pub struct Notice {
    pub kind: &'static NoticeKind,
    /// Clinic that it is about; `None` for what concerns no clinic.
    pub clinic: Option<Uuid>,
    pub subject: Subject,
    /// Path of the subject's page in the dashboard, made by the subject's module.
    pub link_path: Option<String>,
    /// Values of the placeholders that the kind declares.
    pub values: Vec<(&'static str, Value)>,
    /// Identifies the cause: each recipient is notified of it once.
    pub cause: String,
    pub now: DateTime<Utc>,
}

/// Notifies people of something, except the person who did it. On which channels they are notified beside the application is
/// decided later, by a job.
pub async fn notify(scope: &Scope, recipients: Recipients, notice: Notice) -> Result<()> {
    let author = scope.actor().person().map_or(Uuid::nil(), |person| person.user_id);
    let data = stored(&notice.values);
    let texts = Texts::of(notice.kind, &data);
    let recipients = match recipients {
        Recipients::One(user) if user == author => return Ok(()),
        Recipients::One(user) => {
            let id = Id::new();
            Event::of(NotificationEventKind::Received, id, notice.clinic).for_user(user).push(scope);
            Notified::One { id: id.uuid(), user }
        }
        Recipients::Administrators => Notified::AdministratorsBut(author),
        Recipients::Contact(contact) => return contact::notify(scope, contact, &notice, &data, texts).await,
    };
    scope
        .send(Insert {
            recipients,
            event_clinic: notice.clinic,
            clinic: notice.clinic.unwrap_or_default(),
            texts,
            data,
            received: NotificationEventKind::Received.text(),
            events: InsertEvents(scope.take_events()),
            notice,
        })
        .await
}

/// Title and text in each language, since who is notified is found by the statement.
pub(super) struct Texts {
    pub titles: Vec<String>,
    pub bodies: Vec<String>,
}

impl Texts {
    fn of(kind: &NoticeKind, data: &serde_json::Value) -> Self {
        let filled = |words: &super::kind::Words, longest: usize| {
            let one = |language: NotificationLanguage| {
                fill(words[language.index()], language, data).chars().take(longest).collect()
            };
            NotificationLanguage::ALL.map(one).to_vec()
        };
        Self { titles: filled(&kind.title, 300), bodies: filled(&kind.body, 200) }
    }
}

/// The notifications and all events so far in one statement. It returns none of them, since their author does not see
/// what others are notified of. The ids are therefore drawn first, so that an event is also written for a notification
/// that existed already; its recipient then finds a notification that they know.
struct Insert {
    recipients: Notified,
    event_clinic: Option<Uuid>,
    /// Nil for none: every row has a clinic, so that keys can begin with it.
    clinic: Uuid,
    notice: Notice,
    texts: Texts,
    data: serde_json::Value,
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
        out.push_sql("WITH recipients AS MATERIALIZED (");
        match &self.recipients {
            Notified::One { id, user } => {
                out.push_sql("SELECT ");
                out.push_bind_param::<SqlUuid, _>(id)?;
                out.push_sql(" AS id, ");
                out.push_bind_param::<SqlUuid, _>(user)?;
                out.push_sql(" AS user_id, (SELECT split_part(locale, '-', 1) FROM users WHERE id = ");
                out.push_bind_param::<SqlUuid, _>(user)?;
                out.push_sql(") AS language");
            }
            Notified::AdministratorsBut(author) => {
                out.push_sql("SELECT private.uuid_v7() AS id, user_id, language FROM private.administrators_but(");
                out.push_bind_param::<SqlUuid, _>(author)?;
                out.push_sql(")");
            }
        }
        out.push_sql("), made AS (INSERT INTO notifications (id, recipient_user_id, dedupe_key, created_at, clinic_id, subject_type, subject_id, kind, title, body, link_path, data) SELECT id, user_id");
        let Self { notice, texts, .. } = self;
        bind::<Text, _>(&notice.cause, &mut out)?;
        out.push_sql(" || ':' || user_id");
        bind::<Timestamptz, _>(&notice.now, &mut out)?;
        bind::<SqlUuid, _>(&self.clinic, &mut out)?;
        bind::<Text, _>(&notice.subject.kind, &mut out)?;
        bind::<SqlUuid, _>(&notice.subject.id, &mut out)?;
        bind::<Text, _>(&notice.kind.kind, &mut out)?;
        for words in [&texts.titles, &texts.bodies] {
            out.push_sql(", (");
            out.push_bind_param::<Array<Text>, _>(words)?;
            out.push_sql(")[coalesce(array_position('{en,fr,es,zh,sw}', language), 1)]");
        }
        bind::<Nullable<Text>, _>(&notice.link_path, &mut out)?;
        bind::<Jsonb, _>(&self.data, &mut out)?;
        out.push_sql(" FROM recipients ON CONFLICT DO NOTHING) ");
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
