//! Queries and mutations of support.

use async_graphql::{Context, Object, SimpleObject};

use super::{
    Ticket, TicketCounts, TicketEventKind, TicketMessage, TicketPriority, TicketStatus,
    message::{self, Reply},
    notices, ticket,
};
use crate::{
    access::{User, user_id},
    clinic::ActingClinic,
    file::{File, FileVisibility},
    input,
    kernel::{
        Id, Permission, RequestOf, Result,
        entity::One,
        write::{ExpectedVersion, Input, Items, Stored, Text},
    },
    queries,
};

queries! {
    /// Queries of support.
    SupportReads;
    one {
        /// Ticket with this id. Null if there is none that the caller may see. Needs the permission `TICKETS_READ`.
        ticket: Ticket,
    }
    list {
        /// Tickets of the caller's clinic; for platform administrators, of all clinics. Null, with an error, without the
        /// permission `TICKETS_READ`.
        tickets: Ticket,
    }
    count {
        /// Numbers of the tickets that the caller reaches. Null, with an error, without the permission `TICKETS_READ`.
        ticket_counts: TicketCounts,
    }
}

input! {
    /// Ticket that is going to be opened.
    OpenTicketInput {
        clinic_id: ActingClinic,
        /// Subject of the ticket in one line.
        title: Text<200>,
        /// Full description of the problem.
        description: Text<10_000>,
        /// Urgency of the ticket; sets its due dates.
        priority: TicketPriority = TicketPriority::Medium,
        /// Files to attach, which the caller has uploaded for the purpose `TICKET_ATTACHMENT`. Null for none.
        file_ids: Option<Items<Id<File>, 1, 10>>,
    }
}

/// Result of opening a ticket.
#[derive(SimpleObject)]
pub struct OpenTicketPayload {
    /// Ticket that was opened.
    ticket: One<Ticket>,
}

input! {
    /// Reply to a ticket.
    ReplyToTicketInput {
        /// Ticket to reply to.
        ticket_id: Id<Ticket>,
        /// Text of the reply.
        body: Text<10_000>,
        /// Whether the reply is an internal note among administrators. Ignored for replies from a clinic, which are
        /// always public.
        is_internal: bool = false,
        /// Files to attach, which the caller has uploaded for the purpose `TICKET_ATTACHMENT`. Null for none. Those of an
        /// internal note stay among administrators.
        file_ids: Option<Items<Id<File>, 1, 10>>,
    }
}

/// Result of replying to a ticket.
#[derive(SimpleObject)]
pub struct ReplyToTicketPayload {
    /// Message that was added.
    message: One<TicketMessage>,
    /// Ticket after the reply.
    ticket: One<Ticket>,
}

input! {
    /// Assignment of a ticket.
    AssignTicketInput {
        /// Ticket that is going to be assigned.
        ticket_id: Id<Ticket>,
        /// Active platform administrator who is going to work on the ticket.
        assignee_id: Id<User>,
        expected_version: ExpectedVersion,
    }
}

/// Result of assigning a ticket.
#[derive(SimpleObject)]
pub struct AssignTicketPayload {
    /// Ticket that was assigned.
    ticket: One<Ticket>,
}

input! {
    /// Ticket to take from its assignee.
    UnassignTicketInput {
        /// Ticket that is going to have no assignee.
        ticket_id: Id<Ticket>,
        expected_version: ExpectedVersion,
    }
}

/// Result of unassigning a ticket.
#[derive(SimpleObject)]
pub struct UnassignTicketPayload {
    /// Ticket that has no assignee now.
    ticket: One<Ticket>,
}

input! {
    /// Status change of a ticket.
    ChangeTicketStatusInput {
        /// Ticket that is going to be changed.
        ticket_id: Id<Ticket>,
        /// New status; `Ticket.nextStatuses` lists those that are possible.
        status: TicketStatus,
        expected_version: ExpectedVersion,
    }
}

/// Result of changing the status of a ticket.
#[derive(SimpleObject)]
pub struct ChangeTicketStatusPayload {
    /// Ticket with the new status.
    ticket: One<Ticket>,
}

input! {
    /// Priority change of a ticket.
    ChangeTicketPriorityInput {
        /// Ticket that is going to be changed.
        ticket_id: Id<Ticket>,
        /// New priority of the ticket.
        priority: TicketPriority,
        expected_version: ExpectedVersion,
    }
}

/// Result of changing the priority of a ticket.
#[derive(SimpleObject)]
pub struct ChangeTicketPriorityPayload {
    /// Ticket with the new priority and due dates.
    ticket: One<Ticket>,
}

/// The files that an input names.
fn listed(files: &Option<Items<Id<File>, 1, 10>>) -> &[Id<File>] {
    files.as_ref().map_or(&[], |files| files.0.as_slice())
}

#[derive(Debug, Default)]
pub struct SupportMutation;

#[Object]
impl SupportMutation {
    /// Opens a support ticket and notifies the administrators of the platform. Needs the permission `TICKETS_WRITE`.
    async fn open_ticket(&self, ctx: &Context<'_>, input: Input<OpenTicketInput>) -> Result<OpenTicketPayload> {
        let scope = ctx.permitted(Permission::TicketsWrite)?;
        let input = input.valid()?;
        let clinic = input.clinic_id.resolve(scope).await?;
        let ticket = Ticket::open(clinic, user_id(scope.actor().person()?), input.priority, scope.now())
            .title(input.title.as_str())
            .description(input.description.as_str())
            .insert(scope, TicketEventKind::Opened)
            .await?;
        message::attach(scope, listed(&input.file_ids), (clinic, ticket), FileVisibility::Clinic).await?;
        notices::opened(scope, clinic, ticket, input.title.as_str(), input.description.as_str()).await?;
        Ok(OpenTicketPayload { ticket: One::of(ticket) })
    }

    /// Adds a message to a ticket. A reply from the clinic takes a waiting or resolved ticket back to `IN_PROGRESS`; a
    /// closed ticket takes no replies (`INVALID_TRANSITION`). Needs the permission `TICKETS_WRITE`.
    async fn reply_to_ticket(
        &self,
        ctx: &Context<'_>,
        input: Input<ReplyToTicketInput>,
    ) -> Result<ReplyToTicketPayload> {
        let scope = ctx.permitted(Permission::TicketsWrite)?;
        let input = input.valid()?;
        let ticket = Ticket::lock(scope, input.ticket_id, None).await?;
        let by_platform = scope.actor().may(Permission::TicketsManage);
        let reply = Reply {
            author: user_id(scope.actor().person()?),
            by_platform,
            is_internal: by_platform && input.is_internal,
            body: input.body.as_str(),
            files: listed(&input.file_ids),
            now: scope.now(),
        };
        let message = message::reply(scope, &ticket, reply).await?;
        notices::replied(scope, &ticket, message, reply).await?;
        Ok(ReplyToTicketPayload { message: One::of(message), ticket: One::of(ticket.id) })
    }

    /// Assigns a ticket to an administrator of the platform. Needs the permission `TICKETS_MANAGE`.
    async fn assign_ticket(&self, ctx: &Context<'_>, input: Input<AssignTicketInput>) -> Result<AssignTicketPayload> {
        let scope = ctx.permitted(Permission::TicketsManage)?;
        let input = input.valid()?;
        let ticket = Ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        if ticket.assignee_id != Some(input.assignee_id) {
            ticket::require_assignable(scope, input.assignee_id).await?;
        }
        ticket.edit().assignee_id(input.assignee_id).update(scope, TicketEventKind::Assigned).await?;
        Ok(AssignTicketPayload { ticket: One::of(ticket.id) })
    }

    /// Takes a ticket from its assignee. Needs the permission `TICKETS_MANAGE`.
    async fn unassign_ticket(
        &self,
        ctx: &Context<'_>,
        input: Input<UnassignTicketInput>,
    ) -> Result<UnassignTicketPayload> {
        let scope = ctx.permitted(Permission::TicketsManage)?;
        let input = input.valid()?;
        let ticket = Ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        ticket.edit().assignee_id(None).update(scope, TicketEventKind::Assigned).await?;
        Ok(UnassignTicketPayload { ticket: One::of(ticket.id) })
    }

    /// Changes the status of a ticket; `INVALID_TRANSITION` if the status cannot follow the current one. Needs the
    /// permission `TICKETS_MANAGE`, or `TICKETS_WRITE` to close a ticket of the caller's clinic.
    async fn change_ticket_status(
        &self,
        ctx: &Context<'_>,
        input: Input<ChangeTicketStatusInput>,
    ) -> Result<ChangeTicketStatusPayload> {
        let input = input.valid()?;
        let scope = ctx.permitted(input.status.permission())?;
        let ticket = Ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        if ticket.edit().move_to(input.status, scope.now())?.update(scope, TicketEventKind::StatusChanged).await? {
            notices::status_changed(scope, &ticket, input.status).await?;
        }
        Ok(ChangeTicketStatusPayload { ticket: One::of(ticket.id) })
    }

    /// Changes the priority of a ticket and moves its due dates. Needs the permission `TICKETS_MANAGE`.
    async fn change_ticket_priority(
        &self,
        ctx: &Context<'_>,
        input: Input<ChangeTicketPriorityInput>,
    ) -> Result<ChangeTicketPriorityPayload> {
        let scope = ctx.permitted(Permission::TicketsManage)?;
        let input = input.valid()?;
        let ticket = Ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        ticket.prioritize(input.priority, scope.now()).update(scope, TicketEventKind::PriorityChanged).await?;
        Ok(ChangeTicketPriorityPayload { ticket: One::of(ticket.id) })
    }
}
