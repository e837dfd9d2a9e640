//! Events of tickets and their messages, and the subscriptions to them.

use async_graphql::{Context, SimpleObject, Subscription};

use super::{Ticket, TicketMessage};
use crate::{
    clinic::Clinic,
    events,
    kernel::{Id, Result, entity::Maybe},
    live::{EventBase, Events, Subscribe},
};

events! {
    /// Kind of change to a ticket.
    TicketEventKind of Ticket {
        /// The ticket was opened.
        Opened = "opened",
        /// A public reply was added to the ticket.
        Replied = "replied",
        /// The ticket was assigned to an administrator, or its assignee was removed.
        Assigned = "assigned",
        /// The status of the ticket was changed.
        StatusChanged = "status_changed",
        /// The priority of the ticket was changed.
        PriorityChanged = "priority_changed",
        /// The first response to the ticket was not given in time.
        FirstResponseOverdue = "first_response_overdue",
        /// The ticket was not resolved in time.
        ResolutionOverdue = "resolution_overdue",
    }
}

events! {
    /// Kind of change to the messages of a ticket.
    TicketMessageEventKind of TicketMessage {
        /// A message was added to a ticket.
        Added = "added",
    }
}

/// Change to a ticket.
#[derive(SimpleObject)]
pub struct TicketEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Kind of change to the ticket.
    kind: TicketEventKind,
    /// Ticket as it is now. Null if the listener can no longer see it.
    ticket: Maybe<Ticket>,
}

/// Addition of a message to a ticket.
#[derive(SimpleObject)]
pub struct TicketMessageEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Message that was added. Null if the listener can no longer see it.
    message: Maybe<TicketMessage>,
}

#[derive(Default)]
pub struct SupportSubscription;

#[Subscription]
impl SupportSubscription {
    /// Reports changes to tickets: those of the listener's clinic or, for administrators, of all clinics or one. Needs the
    /// permission `TICKETS_READ`.
    async fn ticket_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Clinic whose events are reported.")] clinic_id: Option<Id<Clinic>>,
        #[graphql(desc = "Ticket whose events are reported.")] ticket_id: Option<Id<Ticket>>,
        #[graphql(desc = "Kinds of events that are reported.")] kinds: Option<Vec<TicketEventKind>>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<TicketEvent>> {
        let wanted = Subscribe::<TicketEventKind>::after(after).clinic(clinic_id).subject(ticket_id).kinds(kinds);
        wanted.each(ctx, |event| TicketEvent { kind: event.kind, ticket: event.subject(), base: event.base })
    }

    /// Reports messages that are added to a ticket. A clinic's people receive no internal note. Needs the permission
    /// `TICKETS_READ`.
    async fn ticket_message_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ticket whose messages are reported.")] ticket_id: Id<Ticket>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<TicketMessageEvent>> {
        let wanted = Subscribe::<TicketMessageEventKind>::after(after).within(ticket_id);
        wanted.each(ctx, |event| TicketMessageEvent { message: event.subject(), base: event.base })
    }
}
