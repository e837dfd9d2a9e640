//! Events: changes that listeners are informed of, written in the transaction of the change. An event carries ids only;
//! each listener reads the object again in a scope of their own.
//!
//! A domain module declares the events of an entity with [`events!`](crate::events), and writes them with
//! [`Event::of`], which takes no kind and no subject but the declared ones.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{Array, Nullable, Text, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::{
    Actor, Id, Result,
    db::Scope,
    entity::{Def, Entity},
};

/// Declares the kinds of events that happen to an entity: the enum for the API, and the topic of the outbox.
///
/// ```ignore
/// events! {
///     /// Kind of change to a ticket.
///     TicketEventKind of Ticket {
///         /// The ticket was opened.
///         Opened = "opened",
///     }
/// }
/// ```
///
/// With `for one user` behind the entity, each event is for one user alone, and no other user is informed of it.
#[macro_export]
macro_rules! events {
    ($(#[doc = $doc:literal])+ $name:ident of $subject:ident for one user { $($kinds:tt)+ }) => {
        $crate::events!(@declare true $(#[doc = $doc])+ $name of $subject { $($kinds)+ });
    };
    ($(#[doc = $doc:literal])+ $name:ident of $subject:ident { $($kinds:tt)+ }) => {
        $crate::events!(@declare false $(#[doc = $doc])+ $name of $subject { $($kinds)+ });
    };
    (
        @declare $is_personal:literal $(#[doc = $doc:literal])+ $name:ident of $subject:ident
        { $($(#[doc = $kind_doc:literal])+ $kind:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
        pub enum $name { $($(#[doc = $kind_doc])+ $kind),+ }

        impl $crate::kernel::events::EventKind for $name {
            type Subject = $subject;

            const TOPIC: &'static $crate::kernel::events::Topic = &$crate::kernel::events::Topic {
                name: <$subject as $crate::kernel::ids::Kind>::PREFIX,
                subject: <$subject as $crate::kernel::entity::Entity>::def,
                is_personal: $is_personal,
                kinds: &[$($crate::kernel::events::DeclaredKind {
                    text: $text,
                    description: concat!($($kind_doc, "\n"),+).trim_ascii(),
                }),+],
            };

            fn text(self) -> &'static str {
                match self { $(Self::$kind => $text),+ }
            }

            fn of_text(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$kind),)+
                    _ => None,
                }
            }
        }
    };
}

/// Events of one entity.
#[derive(Debug)]
pub struct Topic {
    /// Name of the topic: the prefix of its subjects' ids.
    pub name: &'static str,
    pub subject: fn() -> &'static Def,
    /// Whether each event is for one user alone.
    pub is_personal: bool,
    pub kinds: &'static [DeclaredKind],
}

/// Kind of event, as it was declared.
#[derive(Debug)]
pub struct DeclaredKind {
    /// Spelling in the outbox.
    pub text: &'static str,
    pub description: &'static str,
}

impl Topic {
    /// Fails with `UNAUTHENTICATED` or `FORBIDDEN` for an actor who may not listen: to listen to a topic takes the
    /// permission to read its subjects.
    pub fn require_reader(&self, actor: &Actor) -> Result<()> {
        actor.person()?;
        (self.subject)().read.map_or(Ok(()), |permission| actor.require(permission))
    }

    /// The declared kind with this spelling.
    #[must_use]
    pub fn kind(&self, text: &str) -> Option<&'static DeclaredKind> {
        self.kinds.iter().find(|kind| kind.text == text)
    }
}

/// Kinds of events of one topic; made by [`events!`](crate::events).
pub trait EventKind: Copy {
    type Subject: Entity;
    const TOPIC: &'static Topic;

    /// Spelling in the outbox.
    fn text(self) -> &'static str;

    fn of_text(text: &str) -> Option<Self>;
}

/// Who may learn that an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The clinic of the event, and the platform's administrators.
    Clinic,
    /// The platform's administrators alone; the clinic must not even learn that there was an event.
    Platform,
}

/// An event that is not written yet.
#[derive(Debug)]
pub struct Event {
    clinic_id: Option<Uuid>,
    user_id: Option<Uuid>,
    audience: &'static str,
    topic: &'static str,
    subject_id: Uuid,
    parent_id: Option<Uuid>,
    kind: &'static str,
    changed: Vec<&'static str>,
}

impl Event {
    /// An event of a declared kind, in a clinic or, without one, of the platform.
    #[must_use]
    pub fn of<K: EventKind>(kind: K, subject: Id<K::Subject>, clinic: Option<Uuid>) -> Self {
        Self {
            clinic_id: clinic,
            user_id: None,
            audience: "clinic",
            topic: K::TOPIC.name,
            subject_id: subject.uuid(),
            parent_id: None,
            kind: kind.text(),
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

    /// Names the object that the subject is part of.
    #[must_use]
    pub fn within(mut self, parent: Uuid) -> Self {
        self.parent_id = Some(parent);
        self
    }

    /// Names the one user who is informed, of an event of a personal topic.
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

    /// Adds the event to the transaction of its cause: it is written with all other events when the work is done, or
    /// with the notifications of it.
    pub fn push(self, scope: &Scope) {
        scope.push_event(self);
    }
}

/// Statement that writes events in their order.
#[derive(Debug)]
pub struct InsertEvents(pub Vec<Event>);

impl QueryId for InsertEvents {
    // Prepared by its text: few operations write many events.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for InsertEvents {
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
