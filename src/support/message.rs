//! What is said on a ticket.

use chrono::{DateTime, Utc};
use diesel::{Insertable, insert_into};
use diesel_async::RunQueryDsl;

use super::{
    Ticket, TicketEventKind, TicketMessageEventKind, TicketStatus,
    ticket::{self, Changes},
};
use crate::{
    access::User,
    clinic::Clinic,
    entity,
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        entity::FixedOrder,
        error::Problems,
        events::{Audience, Event},
        page::{Direction, Sort, SortType},
    },
    schema::ticket_messages,
};

entity! {
    /// Something said on a ticket. Needs the permission `TICKETS_READ`.
    TicketMessage "ticket_message" of ticket_messages, tenant clinic_id, read TicketsRead;
    columns {
        /// The message's id.
        id: Id<TicketMessage>,
        /// The words.
        body: String,
        /// A note among administrators; a clinic never sees one.
        is_internal: bool,
        /// When it was written.
        created_at: DateTime<Utc>,
    }
    edges {
        /// The ticket.
        ticket: one Ticket by ticket_id,
        /// Who wrote it; null when they cannot be seen any more.
        author: maybe User by author_user_id,
    }
}

/// How a ticket's messages are listed.
#[derive(Debug)]
pub struct NewestFirst;

impl FixedOrder for NewestFirst {
    type Of = TicketMessage;
    const SORT: Sort = Sort::new("created_at", SortType::Timestamptz, Direction::Desc);
}

#[derive(Debug, Insertable)]
#[diesel(table_name = ticket_messages, treat_none_as_default_value = false)]
struct NewMessage<'a> {
    id: Id<TicketMessage>,
    clinic_id: Id<Clinic>,
    ticket_id: Id<Ticket>,
    author_user_id: Id<User>,
    body: &'a str,
    is_internal: bool,
    created_at: DateTime<Utc>,
}

/// A reply, as its author gives it.
#[derive(Debug)]
pub struct Reply<'a> {
    pub by: Id<User>,
    /// Whether it comes from the platform; otherwise from the clinic.
    pub by_platform: bool,
    pub body: &'a str,
    /// Asked for; a clinic's reply never is, whatever it asks.
    pub is_internal: bool,
    pub now: DateTime<Utc>,
}

/// Writes a reply to a locked ticket and moves the ticket as the reply demands.
pub async fn reply(scope: &Scope, ticket: &Ticket, reply: Reply<'_>) -> Result<Id<TicketMessage>> {
    let mut problems = Problems::default();
    let body = problems.text("body", reply.body, 10_000);
    problems.done()?;
    let is_internal = reply.is_internal && reply.by_platform;
    if ticket.status == TicketStatus::Closed && !is_internal {
        return Err(Error::new(Code::InvalidTransition, "a closed ticket takes no replies; please open a new one"));
    }
    let message = NewMessage {
        id: Id::new(),
        clinic_id: ticket.clinic_id,
        ticket_id: ticket.id,
        author_user_id: reply.by,
        body: &body,
        is_internal,
        created_at: reply.now,
    };
    let id = message.id;
    let audience = if is_internal { Audience::Platform } else { Audience::Clinic };
    let added = Event::of(TicketMessageEventKind::Added, id, Some(ticket.clinic_id.uuid()));
    added.within(ticket.id.uuid()).to(audience).push(scope);
    insert_into(ticket_messages::table).values(message).execute(&mut scope.tx().await?.conn()?).await?;
    // A note among administrators must not show: neither in the status nor in when the ticket was last touched.
    if !is_internal {
        ticket::change(scope, ticket, TicketEventKind::Replied, &["messages"], effect(ticket, &reply)).await?;
    }
    Ok(id)
}

/// What a public reply does to its ticket.
fn effect(ticket: &Ticket, reply: &Reply<'_>) -> Changes {
    let mut changes = Changes { updated_at: Some(reply.now), ..Changes::default() };
    if reply.by_platform && ticket.first_responded_at.is_none() {
        changes.first_responded_at = Some(reply.now);
    }
    if !reply.by_platform && matches!(ticket.status, TicketStatus::Waiting | TicketStatus::Resolved) {
        changes.status = Some(TicketStatus::InProgress);
        if ticket.status == TicketStatus::Resolved {
            changes.resolved_at = Some(None);
        }
    }
    changes
}
