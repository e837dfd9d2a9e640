//! Messages on tickets.

use chrono::{DateTime, Utc};

use super::{Ticket, TicketEventKind, TicketMessageEventKind, TicketStatus};
use crate::{
    access::User,
    clinic::Clinic,
    entity,
    file::{self, File, FilePurpose, FileVisibility},
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        entity::{Entity, FixedOrder},
        events::Audience,
        page::{Direction, Sort, SortType},
        write::Stored,
    },
    schema::ticket_messages,
};

entity! {
    /// Message on a ticket. Needs the permission `TICKETS_READ`.
    TicketMessage "ticket_message" of ticket_messages, tenant clinic_id, read TicketsRead;
    columns {
        /// Identifier of the message.
        id: Id<TicketMessage>,
        /// Text of the message.
        body: String,
        /// Whether the message is an internal note among administrators, which clinics never see.
        is_internal: bool,
        /// Time at which the message was written.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
        ticket_id: Id<Ticket>,
        author_user_id: Id<User>,
    }
    edges {
        /// Ticket that the message belongs to.
        ticket: one Ticket by ticket_id,
        /// User who wrote the message. Null if the user is no longer visible to the caller.
        author: maybe User by author_user_id,
        /// Files that are attached to the message, oldest first.
        files: all File by subject_id order "created_at, id",
    }
}

/// Order of a ticket's messages.
#[derive(Debug)]
pub struct NewestFirst;

impl FixedOrder for NewestFirst {
    type Of = TicketMessage;
    const SORT: Sort = Sort::new("created_at", SortType::Timestamptz, Direction::Desc);
}

/// A reply to a ticket.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    pub author: Id<User>,
    pub by_platform: bool,
    /// Only administrators write internal notes.
    pub is_internal: bool,
    pub body: &'a str,
    pub files: &'a [Id<File>],
    pub now: DateTime<Utc>,
}

/// Attaches files to a ticket or a message.
pub async fn attach<E: Entity>(
    scope: &Scope,
    files: &[Id<File>],
    to: (Id<Clinic>, Id<E>),
    visibility: FileVisibility,
) -> Result<()> {
    file::attach(scope, files, FilePurpose::TicketAttachment, to, visibility, "input.fileIds").await
}

/// Writes a reply to a locked ticket, and what a public reply changes of the ticket.
pub async fn reply(scope: &Scope, ticket: &Ticket, reply: Reply<'_>) -> Result<Id<TicketMessage>> {
    if !ticket.status.takes_replies() && !reply.is_internal {
        let message = "a ticket that is CLOSED takes no replies; please open a new one";
        return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
    }
    let id = TicketMessage::new_in(ticket.clinic_id)
        .ticket_id(ticket.id)
        .author_user_id(reply.author)
        .body(reply.body)
        .is_internal(reply.is_internal)
        .created_at(reply.now)
        .within(ticket.id)
        .only_for(if reply.is_internal { Audience::Platform } else { Audience::Clinic })
        .insert(scope, TicketMessageEventKind::Added)
        .await?;
    let visibility = if reply.is_internal { FileVisibility::Platform } else { FileVisibility::Clinic };
    attach(scope, reply.files, (ticket.clinic_id, id), visibility).await?;
    // An internal note must not show: neither in the status nor in the time of the last change.
    if reply.is_internal {
        return Ok(id);
    }
    let mut draft = ticket.edit().also("messages").updated_at(reply.now);
    if reply.by_platform && ticket.first_responded_at.is_none() {
        draft = draft.first_responded_at(reply.now);
    }
    if !reply.by_platform && matches!(ticket.status, TicketStatus::Waiting | TicketStatus::Resolved) {
        draft = draft.move_to(TicketStatus::InProgress, reply.now)?;
    }
    draft.update(scope, TicketEventKind::Replied).await?;
    Ok(id)
}
