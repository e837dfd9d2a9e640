//! The owners of endpoints: whether they still belong to the clinic, as whom they act there, and which events they may see.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::kinds;
use crate::{
    kernel::{
        Actor,
        actor::{Person, SystemRole},
        events::Topic,
    },
    live::{OutboxEvent, Wanted},
};

/// Columns of [`Owner`], of an endpoint `e` whose owner is `u`, with the membership `m` and the clinic `c`.
pub const COLUMNS: &str = "e.owner_user_id, u.email, m.role, c.network_id,
    u.status = 'active' and u.deleted_at is null and not u.is_platform_admin and m.role is not null
        and c.status in ('pending', 'active') and c.deleted_at is null as belongs";
/// Joins them to an endpoint `e`.
pub const JOINS: &str = "join users u on u.id = e.owner_user_id
    join clinics c on c.id = e.clinic_id
    left join memberships m on m.clinic_id = e.clinic_id and m.user_id = e.owner_user_id
                           and m.deleted_at is null and m.status = 'active'";

/// The owner of an endpoint, as they are now.
#[derive(Debug, Clone, QueryableByName)]
pub struct Owner {
    #[diesel(sql_type = SqlUuid)]
    pub owner_user_id: Uuid,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<SystemRole>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    network_id: Option<Uuid>,
    /// Whether the owner is active and belongs to the clinic, which is open.
    #[diesel(sql_type = Bool)]
    belongs: bool,
}

impl Owner {
    /// The owner in their clinic; none if they do not belong to it any more. They have no session: the scopes in which they
    /// act only read, and check the membership again when they open.
    #[must_use]
    pub fn person(&self, clinic: Uuid) -> Option<Arc<Person>> {
        let role = self.role.filter(|_| self.belongs)?;
        Some(Arc::new(Person {
            session_id: None,
            user_id: self.owner_user_id,
            email: self.email.clone(),
            is_platform_admin: false,
            acting: Some((clinic, role)),
            network_id: self.network_id,
            access_version: Person::ALWAYS_CHECKED,
            good_until: DateTime::<Utc>::MIN_UTC,
        }))
    }
}

/// What an endpoint wants.
#[derive(Debug, QueryableByName)]
pub struct Listener {
    #[diesel(sql_type = SqlUuid)]
    pub clinic_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub event_kinds: Option<Vec<String>>,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    pub active_since: DateTime<Utc>,
    #[diesel(embed)]
    pub owner: Owner,
}

impl Listener {
    /// Whether an event is recorded for the endpoint. What nobody of the clinic may know of never is, nor what concerns
    /// somebody else alone. Whether the owner may still see the event is decided when it is sent.
    #[must_use]
    pub fn wants(&self, event: &OutboxEvent) -> bool {
        let is_of_clinic = event.clinic_id == Some(self.clinic_id) && event.audience == "clinic";
        if !is_of_clinic || event.at < self.active_since {
            return false;
        }
        if event.user_id.is_some_and(|user| user != self.owner.owner_user_id) {
            return false;
        }
        let name = kinds::name(&event.topic, &event.kind);
        let Some((topic, _)) = kinds::parse(&name) else { return false };
        match &self.event_kinds {
            Some(chosen) => chosen.contains(&name),
            None => !topic.is_personal && self.may_read(topic),
        }
    }

    /// Whether the owner may read the subjects of a topic, as long as they belong to the clinic.
    fn may_read(&self, topic: &Topic) -> bool {
        let person = self.owner.person(self.clinic_id);
        person.is_none_or(|person| topic.require_reader(&Actor::Person(person)).is_ok())
    }
}

/// Whether a person may see an event, by the rule for those who subscribe to it.
#[must_use]
pub fn may_see(person: &Arc<Person>, topic: &'static Topic, event: &OutboxEvent) -> bool {
    Wanted::topics(vec![topic], None).matches(&Actor::Person(Arc::clone(person)), event)
}
