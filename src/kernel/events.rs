//! Events: what happened, told in the transaction in which it did. They carry ids only; whoever hears of one reads
//! the object again under their own scope.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{Array, Nullable, Text, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::db::Scope;

/// Who may learn that something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The clinic concerned, and the platform.
    Clinic,
    /// The platform alone; the clinic must not even know that there was something.
    Platform,
}

/// Something that happened.
#[derive(Debug)]
pub struct Event {
    pub clinic_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub audience: &'static str,
    pub topic: &'static str,
    pub subject_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub kind: &'static str,
    pub changed: Vec<&'static str>,
}

impl Event {
    #[must_use]
    pub fn new(topic: &'static str, kind: &'static str, subject_id: Uuid, clinic_id: Option<Uuid>) -> Self {
        Self {
            clinic_id,
            user_id: None,
            audience: "clinic",
            topic,
            subject_id,
            parent_id: None,
            kind,
            changed: Vec::new(),
        }
    }

    #[must_use]
    pub fn to(mut self, audience: Audience) -> Self {
        self.audience = match audience {
            Audience::Clinic => "clinic",
            Audience::Platform => "platform",
        };
        self
    }

    /// What the subject is part of.
    #[must_use]
    pub fn within(mut self, parent: Uuid) -> Self {
        self.parent_id = Some(parent);
        self
    }

    /// One user alone is told.
    #[must_use]
    pub fn for_user(mut self, user: Uuid) -> Self {
        self.user_id = Some(user);
        self
    }

    /// Names the fields that changed, as the API spells them.
    #[must_use]
    pub fn changed(mut self, fields: Vec<&'static str>) -> Self {
        self.changed = fields;
        self
    }

    /// Tells of it in the transaction of its cause: it is written with all others when the work is done, or with the
    /// notifications of it.
    pub fn push(self, scope: &Scope) {
        scope.tell_of(self);
    }
}

/// Events, as a statement that writes them in their order.
#[derive(Debug)]
pub struct Written(pub Vec<Event>);

impl QueryId for Written {
    // Kept prepared by its text: few operations tell of many things.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Written {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO outbox_events (clinic_id, user_id, audience, topic, subject_id, parent_id, kind, changed) ",
        );
        for (place, event) in self.0.iter().enumerate() {
            out.push_sql(if place == 0 { "VALUES (" } else { ", (" });
            out.push_bind_param::<Nullable<SqlUuid>, _>(&event.clinic_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&event.user_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&event.audience)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&event.topic)?;
            out.push_sql(", ");
            out.push_bind_param::<SqlUuid, _>(&event.subject_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&event.parent_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&event.kind)?;
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(&event.changed)?;
            out.push_sql(")");
        }
        Ok(())
    }
}
