//! The support room's part of the API.

use async_graphql::{Context, InputObject, Object};

use super::{
    Ticket, TicketEventKind, TicketMessage, TicketPriority, TicketStatus, message,
    ticket::{self, Changes},
};
use crate::{
    access::{User, user_id},
    clinic::{self, Clinic},
    kernel::{Id, Permission, RequestOf, Result, clock::Clock, entity::One, request::service},
    notification::{Notice, NotificationKind, Recipients, Subject, notify},
    queries,
};

queries! {
    /// Reads of the support room.
    SupportReads;
    one {
        /// One ticket; null when there is none that the caller may see. Needs the permission `TICKETS_READ`.
        ticket: Ticket,
    }
    list {
        /// The tickets that the caller reaches: of every clinic for administrators, of the own one for others. Null,
        /// with an error, without the permission `TICKETS_READ`.
        tickets: Ticket,
    }
}

/// A ticket to open.
#[derive(Debug, InputObject)]
pub struct OpenTicketInput {
    /// The clinic it is about. Administrators must name one; for others it is the one they work in.
    pub clinic_id: Option<Id<Clinic>>,
    /// The matter in a line, at most 200 characters.
    pub title: String,
    /// The matter in full, at most 10,000 characters.
    pub description: String,
    /// How much it presses.
    #[graphql(default_with = "TicketPriority::Medium")]
    pub priority: TicketPriority,
}

/// A reply to a ticket.
#[derive(Debug, InputObject)]
pub struct ReplyToTicketInput {
    /// The ticket.
    pub ticket_id: Id<Ticket>,
    /// The words, at most 10,000 characters.
    pub body: String,
    /// A note among administrators. What a clinic writes is never one, whatever stands here.
    #[graphql(default)]
    pub is_internal: bool,
}

/// Who is to work on a ticket.
#[derive(Debug, InputObject)]
pub struct AssignTicketInput {
    /// The ticket.
    pub ticket_id: Id<Ticket>,
    /// An active platform administrator; null takes the ticket from whoever has it.
    pub assignee_id: Option<Id<User>>,
    /// The version the caller saw; fails with `STALE_OBJECT` when it is another now.
    pub expected_version: Option<i32>,
}

/// Where a ticket is to stand.
#[derive(Debug, InputObject)]
pub struct ChangeTicketStatusInput {
    /// The ticket.
    pub ticket_id: Id<Ticket>,
    /// The new status.
    pub status: TicketStatus,
    /// The version the caller saw; fails with `STALE_OBJECT` when it is another now.
    pub expected_version: Option<i32>,
}

/// How much a ticket is to press.
#[derive(Debug, InputObject)]
pub struct ChangeTicketPriorityInput {
    /// The ticket.
    pub ticket_id: Id<Ticket>,
    /// The new priority.
    pub priority: TicketPriority,
    /// The version the caller saw; fails with `STALE_OBJECT` when it is another now.
    pub expected_version: Option<i32>,
}

#[derive(Debug, Default)]
pub struct SupportMutation;

#[Object]
impl SupportMutation {
    /// Open a ticket for the clinic worked in. Needs the permission `TICKETS_WRITE`.
    async fn open_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ticket.")] input: OpenTicketInput,
    ) -> Result<One<Ticket>> {
        let scope = ctx.scope()?;
        scope.actor().require(Permission::TicketsWrite)?;
        let opening = ticket::Opening {
            clinic: clinic::resolve_clinic(scope, input.clinic_id).await?,
            by: user_id(scope.actor().person()?),
            title: &input.title,
            description: &input.description,
            priority: input.priority,
            now: service::<Clock>(ctx)?.now(),
        };
        let (clinic, now) = (opening.clinic, opening.now);
        let id = ticket::open(scope, opening).await?;
        let notice = Notice {
            kind: NotificationKind::TicketCreated,
            clinic: Some(clinic.uuid()),
            subject: Subject::of(id),
            link_path: Some(ticket::link_path(id)),
            title: format!("New ticket: {}", input.title.trim()),
            body: input.description.trim(),
            cause: format!("{id}:opened"),
            now,
        };
        notify(scope, Recipients::Administrators, notice).await?;
        Ok(One::of(id))
    }

    /// Reply to a ticket. The clinic's reply takes a waiting or resolved ticket back to `IN_PROGRESS`; a closed one
    /// takes none (`INVALID_TRANSITION`). Needs the permission `TICKETS_WRITE`.
    async fn reply_to_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reply.")] input: ReplyToTicketInput,
    ) -> Result<One<TicketMessage>> {
        let scope = ctx.scope()?;
        scope.actor().require(Permission::TicketsWrite)?;
        let ticket = ticket::lock(scope, input.ticket_id, None).await?;
        let reply = message::Reply {
            by: user_id(scope.actor().person()?),
            by_platform: scope.actor().may(Permission::TicketsManage),
            body: &input.body,
            is_internal: input.is_internal,
            now: service::<Clock>(ctx)?.now(),
        };
        let (by_platform, is_internal, now) = (reply.by_platform, reply.by_platform && reply.is_internal, reply.now);
        let id = message::reply(scope, &ticket, reply).await?;
        if !is_internal {
            let whom = match ticket.assignee_id {
                _ if by_platform => Recipients::One(ticket.created_by_user_id.uuid()),
                Some(assignee) => Recipients::One(assignee.uuid()),
                None => Recipients::Administrators,
            };
            let notice = Notice {
                kind: NotificationKind::TicketReply,
                clinic: Some(ticket.clinic_id.uuid()),
                subject: Subject::of(ticket.id),
                link_path: Some(ticket::link_path(ticket.id)),
                title: format!("Reply to ticket {}: {}", ticket.number, ticket.title),
                body: input.body.trim(),
                cause: format!("{id}:added"),
                now,
            };
            notify(scope, whom, notice).await?;
        }
        Ok(One::of(id))
    }

    /// Give a ticket to an administrator, or take it from one. Needs the permission `TICKETS_MANAGE`.
    async fn assign_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is to work on it.")] input: AssignTicketInput,
    ) -> Result<One<Ticket>> {
        let scope = ctx.scope()?;
        scope.actor().require(Permission::TicketsManage)?;
        let ticket = ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        if ticket.assignee_id != input.assignee_id {
            if let Some(user) = input.assignee_id {
                ticket::require_assignable(scope, user).await?;
            }
            let changes = Changes { assignee_id: Some(input.assignee_id), ..Changes::default() };
            ticket::change(scope, &ticket, TicketEventKind::Assigned, &[], changes).await?;
        }
        Ok(One::of(ticket.id))
    }

    /// Change where a ticket stands; `INVALID_TRANSITION` when it cannot go there. Needs the permission
    /// `TICKETS_MANAGE`; whoever has `TICKETS_WRITE` may close a ticket of their clinic.
    async fn change_ticket_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where it is to stand.")] input: ChangeTicketStatusInput,
    ) -> Result<One<Ticket>> {
        let scope = ctx.scope()?;
        let closes = input.status == TicketStatus::Closed;
        scope.actor().require(if closes { Permission::TicketsWrite } else { Permission::TicketsManage })?;
        let ticket = ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        if ticket.status != input.status {
            let now = service::<Clock>(ctx)?.now();
            let changes = ticket::to_status(&ticket, input.status, now)?;
            ticket::change(scope, &ticket, TicketEventKind::StatusChanged, &[], changes).await?;
            let notice = Notice {
                kind: NotificationKind::TicketStatusChanged,
                clinic: Some(ticket.clinic_id.uuid()),
                subject: Subject::of(ticket.id),
                link_path: Some(ticket::link_path(ticket.id)),
                title: format!("Ticket {} is now {}", ticket.number, input.status.text().replace('_', " ")),
                body: &ticket.title,
                cause: format!("{}:status:{}", ticket.id, ticket.version + 1),
                now,
            };
            notify(scope, Recipients::One(ticket.created_by_user_id.uuid()), notice).await?;
        }
        Ok(One::of(ticket.id))
    }

    /// Change how much a ticket presses; what is due moves with it. Needs the permission `TICKETS_MANAGE`.
    async fn change_ticket_priority(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How much it is to press.")] input: ChangeTicketPriorityInput,
    ) -> Result<One<Ticket>> {
        let scope = ctx.scope()?;
        scope.actor().require(Permission::TicketsManage)?;
        let ticket = ticket::lock(scope, input.ticket_id, input.expected_version).await?;
        if ticket.priority != input.priority {
            let changes = ticket::to_priority(&ticket, input.priority);
            ticket::change(scope, &ticket, TicketEventKind::PriorityChanged, &[], changes).await?;
        }
        Ok(One::of(ticket.id))
    }
}
