//! Deadlines of tickets that pass: a job for each deadline reports it once, to the assignee or else to all administrators.
//!
//! Each event that can change a deadline starts a job that looks at the ticket (`WatchTicket`) and lets a job wait for each
//! deadline that is not met: its time follows the deadline, and it is removed when the ticket is resolved or closed. What waits
//! is looked at again each night, so that tickets that came in another way than through events are reported too.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{Ticket, TicketEventKind, TicketStatus, notices};
use crate::{
    job,
    jobs::{JobKind, Jobs, Running, Schedule, Starter, Work, cancel},
    kernel::{Code, Id, Result, db::Scope, entity::NEVER, events::EventKind, write::Stored},
    schema::support_tickets,
};

pub const JOBS: Jobs = Jobs {
    kinds: &[
        JobKind::of::<WatchTicket>(),
        JobKind::of::<WatchTickets>(),
        JobKind::of::<FirstResponseDue>(),
        JobKind::of::<ResolutionDue>(),
    ],
    schedules: &[Schedule::daily_in_clinics::<WatchTickets>(3, 0)],
    starters: &[Starter {
        name: "watch_ticket",
        topic: TicketEventKind::TOPIC,
        wants: |kind| {
            use TicketEventKind::{Opened, PriorityChanged, Replied, StatusChanged};
            matches!(TicketEventKind::of_text(kind), Some(Opened | Replied | StatusChanged | PriorityChanged))
        },
        start: |ticket| {
            watch(Id::from_uuid(ticket.id)).in_clinic(Id::from_uuid(ticket.clinic)).unless_waiting(ticket.id)
        },
    }],
};

job! {
    /// Lets a job wait for each deadline of a ticket.
    WatchTicket "ticket_watch" { ticket_id: Id<Ticket> }
}

job! {
    /// Does so for all tickets of a clinic.
    WatchTickets "ticket_watch_all" {}
}

job! {
    /// Reports a ticket that got no first response in time.
    FirstResponseDue "ticket_first_response_due" { ticket_id: Id<Ticket> }
}

job! {
    /// Reports a ticket that was not resolved in time.
    ResolutionDue "ticket_resolution_due" { ticket_id: Id<Ticket> }
}

fn watch(ticket_id: Id<Ticket>) -> WatchTicket {
    WatchTicket { ticket_id }
}

impl Work for WatchTicket {
    async fn run(self, job: Running) -> Result<()> {
        job.finish(async |scope| {
            let Some(ticket) = locked(scope, self.ticket_id).await? else { return Ok(()) };
            wait_for(scope, &ticket, Deadline::FirstResponse).await?;
            wait_for(scope, &ticket, Deadline::Resolution).await
        })
        .await
    }
}

impl Work for WatchTickets {
    async fn run(self, job: Running) -> Result<()> {
        let clinic = job.clinic()?;
        job.finish(async |scope| {
            use support_tickets as t;
            let open = t::table.filter(t::clinic_id.eq(clinic)).filter(t::due_order.lt(NEVER)).select(t::id);
            let open: Vec<Id<Ticket>> = open.load(&mut scope.tx().await?.conn()?).await?;
            for ticket in open {
                watch(ticket).in_clinic(clinic).unless_waiting(ticket.uuid()).enqueue(scope).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Work for FirstResponseDue {
    async fn run(self, job: Running) -> Result<()> {
        report_missed(job, self.ticket_id, Deadline::FirstResponse).await
    }
}

impl Work for ResolutionDue {
    async fn run(self, job: Running) -> Result<()> {
        report_missed(job, self.ticket_id, Deadline::Resolution).await
    }
}

/// A deadline of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    FirstResponse,
    Resolution,
}

impl Deadline {
    /// When it passes; none if it is met, was reported, or does not matter any more.
    fn pending(self, ticket: &Ticket) -> Option<DateTime<Utc>> {
        let is_open = !matches!(ticket.status, TicketStatus::Resolved | TicketStatus::Closed);
        let (due, is_met, missed) = match self {
            Self::FirstResponse => {
                (ticket.first_response_due_at, ticket.first_responded_at.is_some(), ticket.first_response_missed_at)
            }
            Self::Resolution => (ticket.resolution_due_at, false, ticket.resolution_missed_at),
        };
        due.filter(|_| is_open && !is_met && missed.is_none())
    }
}

/// The ticket, locked, so that what is decided about it holds; none if it was removed.
async fn locked(scope: &Scope, ticket: Id<Ticket>) -> Result<Option<Ticket>> {
    match Ticket::lock(scope, ticket, None).await {
        Ok(ticket) => Ok(Some(ticket)),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets a job wait for a deadline, or none if it is not pending.
async fn wait_for(scope: &Scope, ticket: &Ticket, deadline: Deadline) -> Result<()> {
    let (clinic, ticket_id) = (ticket.clinic_id, ticket.id);
    let key = ticket_id.uuid().to_string();
    match (deadline, deadline.pending(ticket)) {
        (Deadline::FirstResponse, Some(due)) => {
            FirstResponseDue { ticket_id }.in_clinic(clinic).at(due).replacing(key).enqueue(scope).await
        }
        (Deadline::Resolution, Some(due)) => {
            ResolutionDue { ticket_id }.in_clinic(clinic).at(due).replacing(key).enqueue(scope).await
        }
        (Deadline::FirstResponse, None) => cancel::<FirstResponseDue>(scope, clinic, &key).await,
        (Deadline::Resolution, None) => cancel::<ResolutionDue>(scope, clinic, &key).await,
    }
}

async fn report_missed(job: Running, ticket: Id<Ticket>, deadline: Deadline) -> Result<()> {
    job.finish(async |scope| {
        let Some(ticket) = locked(scope, ticket).await? else { return Ok(()) };
        let now = scope.now();
        match deadline.pending(&ticket) {
            None => Ok(()),
            // It was moved, and the job has started before that was noticed.
            Some(due) if due > now => wait_for(scope, &ticket, deadline).await,
            Some(_) => {
                let (draft, kind) = match deadline {
                    Deadline::FirstResponse => {
                        (ticket.edit().first_response_missed_at(now), TicketEventKind::FirstResponseOverdue)
                    }
                    Deadline::Resolution => {
                        (ticket.edit().resolution_missed_at(now), TicketEventKind::ResolutionOverdue)
                    }
                };
                draft.update(scope, kind).await?;
                notices::overdue(scope, &ticket, deadline).await
            }
        }
    })
    .await
}
