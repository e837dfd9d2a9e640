//! Who is notified of what about tickets.

use super::{Ticket, TicketMessage, TicketStatus, deadlines::Deadline, message::Reply, notice_kinds as kinds};
use crate::{
    access::User,
    clinic::Clinic,
    kernel::{Id, Result, db::Scope, write::Stored},
    notification::{Notice, NoticeKind, Recipients, Subject, notify},
};

/// The kinds of notifications about tickets.
pub const NOTICES: &[&NoticeKind] = &[&kinds::OPENED, &kinds::REPLIED, &kinds::STATUS_CHANGED, &kinds::OVERDUE];

/// Path of the ticket's page in the dashboard.
fn link_path(ticket: Id<Ticket>) -> String {
    format!("/tickets/{ticket}")
}

/// Notifies the administrators of a new ticket.
pub async fn opened(
    scope: &Scope,
    clinic: Id<Clinic>,
    ticket: Id<Ticket>,
    title: &str,
    description: &str,
) -> Result<()> {
    let notice = Notice {
        kind: &kinds::OPENED,
        clinic: Some(clinic.uuid()),
        subject: Subject::of(ticket),
        link_path: Some(link_path(ticket)),
        values: vec![("title", title.into()), ("text", description.into())],
        cause: format!("{ticket}:opened"),
        now: scope.now(),
    };
    notify(scope, Recipients::Administrators, notice).await
}

/// Notifies the other side of a public reply.
pub async fn replied(scope: &Scope, ticket: &Ticket, message: Id<TicketMessage>, reply: Reply<'_>) -> Result<()> {
    let recipients = match ticket.assignee_id {
        _ if reply.is_internal => return Ok(()),
        _ if reply.by_platform => Recipients::One(ticket.created_by_user_id.uuid()),
        Some(assignee) => Recipients::One(assignee.uuid()),
        None => Recipients::Administrators,
    };
    let notice = Notice {
        kind: &kinds::REPLIED,
        clinic: Some(ticket.clinic_id.uuid()),
        subject: Subject::of(ticket.id),
        link_path: Some(link_path(ticket.id)),
        values: vec![
            ("number", ticket.number.into()),
            ("title", ticket.title.as_str().into()),
            ("text", reply.body.into()),
        ],
        cause: format!("{message}:added"),
        now: reply.now,
    };
    notify(scope, recipients, notice).await
}

/// Notifies the user who opened the ticket of its new status.
pub async fn status_changed(scope: &Scope, ticket: &Ticket, status: TicketStatus) -> Result<()> {
    let notice = Notice {
        kind: &kinds::STATUS_CHANGED,
        clinic: Some(ticket.clinic_id.uuid()),
        subject: Subject::of(ticket.id),
        link_path: Some(link_path(ticket.id)),
        values: vec![
            ("number", ticket.number.into()),
            ("title", ticket.title.as_str().into()),
            ("status", kinds::status_words(status).into()),
        ],
        cause: format!("{}:status:{}", ticket.id, ticket.version + 1),
        now: scope.now(),
    };
    notify(scope, Recipients::One(ticket.created_by_user_id.uuid()), notice).await
}

/// Notifies the assignee of a deadline that has passed, or all administrators if nobody is assigned who can still work on it.
pub async fn overdue(scope: &Scope, ticket: &Ticket, deadline: Deadline) -> Result<()> {
    let assignee = match ticket.assignee_id {
        Some(assignee) => User::find(scope, assignee).await?.filter(User::is_active_administrator),
        None => None,
    };
    let (name, due, problem) = match deadline {
        Deadline::FirstResponse => ("first_response", ticket.first_response_due_at, kinds::NO_RESPONSE),
        Deadline::Resolution => ("resolution", ticket.resolution_due_at, kinds::NOT_RESOLVED),
    };
    let notice = Notice {
        kind: &kinds::OVERDUE,
        clinic: Some(ticket.clinic_id.uuid()),
        subject: Subject::of(ticket.id),
        link_path: Some(link_path(ticket.id)),
        values: vec![
            ("number", ticket.number.into()),
            ("title", ticket.title.as_str().into()),
            ("problem", problem.into()),
        ],
        cause: format!("{}:{name}:{}", ticket.id, due.map_or(0, |due| due.timestamp())),
        now: scope.now(),
    };
    let recipients = assignee.map_or(Recipients::Administrators, |assignee| Recipients::One(assignee.id.uuid()));
    notify(scope, recipients, notice).await
}
