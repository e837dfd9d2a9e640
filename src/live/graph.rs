//! The subscriptions.

use async_graphql::{Context, Enum, ID, SimpleObject, Subscription as GraphqlSubscription};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};

use super::{
    hub::{Shared, Wanted},
    listener::Live,
};
use crate::{
    clinic::Clinic,
    entities::entities,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        entity::{AnyNode, Maybe},
    },
    notification::{Notification, unread},
    support::{Ticket, TicketMessage},
};

/// What happened to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TicketEventKind {
    /// It was opened.
    Opened,
    /// Somebody replied.
    Replied,
    /// It was given to somebody, or taken away.
    Assigned,
    /// It stands elsewhere.
    StatusChanged,
    /// It presses more, or less.
    PriorityChanged,
}

impl TicketEventKind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Opened, "opened"),
        (Self::Replied, "replied"),
        (Self::Assigned, "assigned"),
        (Self::StatusChanged, "status_changed"),
        (Self::PriorityChanged, "priority_changed"),
    ];

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, text)| text)
    }
}

/// What every event tells.
#[derive(Debug, SimpleObject)]
pub struct Occurrence {
    /// The event's id: the same to whomever and by whichever server it is told. It has no order; events come in theirs.
    id: ID,
    /// Give it as after to resume right behind this event.
    cursor: String,
    /// When it happened.
    at: DateTime<Utc>,
    /// All fields of the object that changed, as the API names them; none of an object that is new.
    changed: Vec<String>,
}

impl From<&Shared> for Occurrence {
    fn from(shared: &Shared) -> Self {
        Self {
            id: ID(shared.id.clone()),
            cursor: shared.cursor.clone(),
            at: shared.event.at,
            changed: shared.event.changed.clone(),
        }
    }
}

/// Something that happened to a ticket.
#[derive(SimpleObject)]
pub struct TicketEvent {
    #[graphql(flatten)]
    of: Occurrence,
    /// What happened.
    kind: TicketEventKind,
    /// The ticket as it is now; null when it cannot be seen any more.
    ticket: Maybe<Ticket>,
}

/// A message that was added to a ticket.
#[derive(SimpleObject)]
pub struct TicketMessageEvent {
    #[graphql(flatten)]
    of: Occurrence,
    /// The message; null when it cannot be seen any more.
    message: Maybe<TicketMessage>,
}

/// A notification that was made for the caller.
#[derive(SimpleObject)]
pub struct NotificationEvent {
    #[graphql(flatten)]
    of: Occurrence,
    /// The notification; null when it is gone.
    notification: Maybe<Notification>,
}

/// The caller's count of unread notifications has changed.
#[derive(SimpleObject)]
pub struct UnreadCountEvent {
    #[graphql(flatten)]
    of: Occurrence,
    /// How many are unread now.
    count: i64,
}

/// Something that happened in a clinic.
#[derive(SimpleObject)]
pub struct ClinicEvent {
    #[graphql(flatten)]
    of: Occurrence,
    /// The kind of object it happened to, as in its id.
    topic: String,
    /// What happened.
    kind: String,
    /// The object as it is now; null when it cannot be seen.
    subject: AnyNode,
}

pub struct Subscription;

/// One item for one event, none at the beginning.
fn item<T>(event: Option<T>) -> stream::Iter<std::option::IntoIter<T>> {
    stream::iter(event)
}

/// What happens, as it happens. Each event carries a cursor: whoever gives the last one as after, to whichever server,
/// gets what they missed first, in order, without gap or repeat. Events are kept for seven days (`CURSOR_EXPIRED`
/// beyond). Objects are read when they are delivered, under the rights the listener has then.
#[GraphqlSubscription]
impl Subscription {
    /// What happens to tickets: of the own clinic, or, for administrators, of all or one. Needs the permission
    /// `TICKETS_READ`.
    async fn ticket_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this clinic.")] clinic_id: Option<Id<Clinic>>,
        #[graphql(desc = "Only of this ticket.")] ticket_id: Option<Id<Ticket>>,
        #[graphql(desc = "Only of these kinds.")] kinds: Option<Vec<TicketEventKind>>,
        #[graphql(desc = "Resume right behind the event of this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = TicketEvent> + use<>> {
        ctx.actor()?.require(Permission::TicketsRead)?;
        let event = Live::event(
            ctx,
            Wanted {
                topics: vec!["ticket"],
                clinic: clinic_id.map(Id::uuid),
                about: ticket_id.map(Id::uuid),
                kinds: kinds.map(|kinds| kinds.into_iter().map(TicketEventKind::text).collect()),
                after,
                ..Wanted::default()
            },
        )?;
        Ok(item(event.and_then(|event| {
            let (kind, _) = TicketEventKind::ALL.into_iter().find(|(_, text)| *text == event.event.kind)?;
            let ticket = Maybe::of(Some(Id::from_uuid(event.event.subject_id)));
            Some(TicketEvent { of: event.as_ref().into(), kind, ticket })
        })))
    }

    /// Messages as they are added to a ticket; a clinic hears of no internal one. Needs the permission `TICKETS_READ`.
    async fn ticket_message_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ticket.")] ticket_id: Id<Ticket>,
        #[graphql(desc = "Resume right behind the event of this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = TicketMessageEvent> + use<>> {
        ctx.actor()?.require(Permission::TicketsRead)?;
        let wanted =
            Wanted { topics: vec!["ticket_message"], about: Some(ticket_id.uuid()), after, ..Wanted::default() };
        let event = Live::event(ctx, wanted)?;
        Ok(item(event.map(|event| TicketMessageEvent {
            of: event.as_ref().into(),
            message: Maybe::of(Some(Id::from_uuid(event.event.subject_id))),
        })))
    }

    /// The caller's notifications as they are made.
    async fn notification_received(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Resume right behind the event of this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = NotificationEvent> + use<>> {
        ctx.actor()?.person()?;
        let wanted = Wanted {
            topics: vec!["notification"],
            kinds: Some(vec!["received"]),
            personal: true,
            after,
            ..Wanted::default()
        };
        let event = Live::event(ctx, wanted)?;
        Ok(item(event.map(|event| NotificationEvent {
            of: event.as_ref().into(),
            notification: Maybe::of(Some(Id::from_uuid(event.event.subject_id))),
        })))
    }

    /// The caller's count of unread notifications, whenever it may have changed.
    async fn unread_notification_count_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Resume right behind the event of this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = UnreadCountEvent> + use<>> {
        ctx.actor()?.person()?;
        let wanted = Wanted { topics: vec!["notification"], personal: true, after, ..Wanted::default() };
        let event = match Live::event(ctx, wanted)? {
            Some(event) => Some(UnreadCountEvent { of: event.as_ref().into(), count: unread(ctx.scope()?).await? }),
            None => None,
        };
        Ok(item(event))
    }

    /// All that happens in a clinic that the caller may know of; administrators must name the clinic.
    async fn clinic_activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which clinic; for others than administrators, the one they work in.")] clinic_id: Option<
            Id<Clinic>,
        >,
        #[graphql(desc = "Resume right behind the event of this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = ClinicEvent> + use<>> {
        let actor = ctx.actor()?;
        actor.require(Permission::TicketsRead)?;
        let Some(clinic) = actor.clinic_id().or(clinic_id.map(Id::uuid)) else {
            return Err(Error::invalid("clinicId", "administrators must name the clinic"));
        };
        let wanted = Wanted { clinic: Some(clinic), after, ..Wanted::default() };
        let event = Live::event(ctx, wanted)?;
        Ok(item(event.map(|event| {
            let happened = &event.event;
            let def = entities().into_iter().find(|def| def.prefix == happened.topic);
            ClinicEvent {
                of: event.as_ref().into(),
                subject: AnyNode(def.map(|def| (def, happened.subject_id))),
                topic: happened.topic.clone(),
                kind: happened.kind.clone(),
            }
        })))
    }
}
