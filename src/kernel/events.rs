//! Events: what happened, told in the transaction in which it did. They carry ids only; whoever hears of one reads
//! the object again under their own scope.

use diesel::{Insertable, insert_into};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Result,
    db::{Scope, Tx},
};
use crate::schema::outbox_events;

/// Who may learn that something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The clinic concerned, and the platform.
    Clinic,
    /// The platform alone; the clinic must not even know that there was something.
    Platform,
}

/// Something that happened.
#[derive(Debug, Insertable)]
#[diesel(table_name = outbox_events, treat_none_as_default_value = false)]
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

    /// Writes it into the transaction of its cause.
    pub async fn push(self, scope: &Scope) -> Result<()> {
        scope.note_events();
        let written = async move |tx: Tx| {
            insert_into(outbox_events::table).values(self).execute(&mut tx.conn()?).await?;
            Ok(())
        };
        scope.send(written).await
    }
}
