//! Tickets: the declaration, the status machine, and what is done to them.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, SelectableHelper,
    insert_into, update,
};
use diesel_async::RunQueryDsl;

use super::{
    message::{NewestFirst, TicketMessage},
    sla::Due,
};
use crate::{
    access::User,
    clinic::Clinic,
    entity,
    kernel::{
        Code, Error, Id, Result,
        db::{Scope, prepared},
        entity::{Condition, Listable, condition, one_of, words},
        error::Problems,
        events::Event,
    },
    orders,
    schema::{support_tickets, users},
    text_enum,
};

text_enum! {
    /// How much a ticket presses.
    TicketPriority {
        /// It can wait.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// It holds up work.
        High = "high",
        /// Work has stopped.
        Urgent = "urgent",
    }
}

text_enum! {
    /// Where a ticket stands.
    TicketStatus {
        /// Nobody works on it yet.
        Open = "open",
        /// Somebody works on it.
        InProgress = "in_progress",
        /// It waits for an answer of the clinic.
        Waiting = "waiting",
        /// Solved, unless the clinic says otherwise.
        Resolved = "resolved",
        /// Over for good.
        Closed = "closed",
    }
}

impl TicketStatus {
    /// Where it can go from here. A reply of the clinic also takes WAITING and RESOLVED back to IN_PROGRESS.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::InProgress, Self::Closed],
            Self::InProgress => &[Self::Waiting, Self::Resolved, Self::Closed],
            Self::Waiting => &[Self::InProgress, Self::Resolved, Self::Closed],
            Self::Resolved => &[Self::InProgress, Self::Closed],
            Self::Closed => &[],
        }
    }
}

entity! {
    /// A request for help, raised by a clinic and answered by the platform. Needs the permission `TICKETS_READ`.
    Ticket "ticket" of support_tickets, tenant clinic_id, read TicketsRead;
    columns {
        /// The ticket's id.
        id: Id<Ticket>,
        /// Counts up over the platform: what people say on the phone.
        number: i32,
        /// The matter in a line.
        title: String,
        /// The matter in full.
        description: String,
        /// How much it presses.
        priority: TicketPriority,
        /// Where it stands.
        status: TicketStatus,
        /// By when a first answer is due; null for none.
        first_response_due_at: Option<DateTime<Utc>>,
        /// By when it should be solved; null for never.
        resolution_due_at: Option<DateTime<Utc>>,
        /// When an administrator first answered; null before.
        first_responded_at: Option<DateTime<Utc>>,
        /// When it was resolved; null while it is not.
        resolved_at: Option<DateTime<Utc>>,
        /// When it was closed; null while it is not.
        closed_at: Option<DateTime<Utc>>,
        /// When it was opened.
        created_at: DateTime<Utc>,
        /// When it was last changed or replied to.
        updated_at: DateTime<Utc>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        created_by_user_id: Id<User>,
        assignee_id: Option<Id<User>>,
    }
    edges {
        /// The clinic that raised it.
        clinic: one Clinic by clinic_id,
        /// Who opened it; null when they cannot be seen any more.
        created_by: maybe User by created_by_user_id,
        /// The administrator who works on it; null for nobody.
        assignee: maybe User by assignee_id,
        /// What was said, newest first. A clinic never sees internal notes, neither here nor in any count.
        messages: page TicketMessage by ticket_id in NewestFirst,
    }
}

orders! {
    /// The order of a list of tickets.
    TicketOrder by TicketOrderField, usually UpdatedAt Desc;
    /// By when they were opened.
    CreatedAt = "created_at" as Timestamptz,
    /// By when they were last changed or replied to.
    UpdatedAt = "updated_at" as Timestamptz,
    /// By how much they press.
    Priority = "priority_rank" as SmallInt,
}

/// Which tickets.
#[derive(Debug, Default, InputObject)]
pub struct TicketFilter {
    /// Of this clinic.
    pub clinic_id: Option<Id<Clinic>>,
    /// In one of these states.
    pub status: Option<Vec<TicketStatus>>,
    /// Of one of these priorities.
    pub priority: Option<Vec<TicketPriority>>,
    /// Given to this administrator.
    pub assignee_id: Option<Id<User>>,
    /// Given to somebody (true) or nobody (false).
    pub assigned: Option<bool>,
    /// With all of these words, or beginnings of words, in title or description; at most 200 characters.
    pub text: Option<String>,
}

impl Listable for Ticket {
    type Filter = TicketFilter;
    type Order = TicketOrder;

    fn conditions(filter: TicketFilter) -> Result<Vec<Condition>> {
        use support_tickets as t;
        let text = filter.text.map(|text| words(t::table, &text)).transpose()?.flatten();
        let all = [
            filter.clinic_id.map(|clinic| condition(t::table, t::clinic_id.eq(clinic))),
            filter.status.map(|any| one_of(t::status, any).replan()),
            filter.priority.map(|any| one_of(t::priority, any)),
            filter.assignee_id.map(|user| condition(t::table, t::assignee_id.eq(user))),
            filter.assigned.map(|yes| {
                if yes {
                    condition(t::table, t::assignee_id.is_not_null())
                } else {
                    condition(t::table, t::assignee_id.is_null())
                }
            }),
            text,
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// A ticket to be.
#[derive(Debug, Insertable)]
#[diesel(table_name = support_tickets, treat_none_as_default_value = false)]
struct NewTicket {
    id: Id<Ticket>,
    clinic_id: Id<Clinic>,
    created_by_user_id: Id<User>,
    title: String,
    description: String,
    priority: TicketPriority,
    first_response_due_at: DateTime<Utc>,
    resolution_due_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a change of a ticket writes.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = support_tickets)]
pub struct Changes {
    pub assignee_id: Option<Option<Id<User>>>,
    pub priority: Option<TicketPriority>,
    pub status: Option<TicketStatus>,
    pub first_response_due_at: Option<DateTime<Utc>>,
    pub resolution_due_at: Option<DateTime<Utc>>,
    pub first_responded_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<Option<DateTime<Utc>>>,
    pub closed_at: Option<Option<DateTime<Utc>>>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl Changes {
    /// The fields that will be others than before, as the API names them. Each change counts the version up and stamps
    /// the time.
    fn fields(&self, before: &Ticket) -> Vec<&'static str> {
        fn differs<T: PartialEq>(change: Option<&T>, before: &T) -> bool {
            change.is_some_and(|now| now != before)
        }
        let due = |change: Option<DateTime<Utc>>, before| change.is_some_and(|now| Some(now) != before);
        [
            (differs(self.assignee_id.as_ref(), &before.assignee_id), "assignee"),
            (differs(self.priority.as_ref(), &before.priority), "priority"),
            (differs(self.status.as_ref(), &before.status), "status"),
            (due(self.first_response_due_at, before.first_response_due_at), "firstResponseDueAt"),
            (due(self.resolution_due_at, before.resolution_due_at), "resolutionDueAt"),
            (due(self.first_responded_at, before.first_responded_at), "firstRespondedAt"),
            (differs(self.resolved_at.as_ref(), &before.resolved_at), "resolvedAt"),
            (differs(self.closed_at.as_ref(), &before.closed_at), "closedAt"),
            (true, "updatedAt"),
            (true, "version"),
        ]
        .into_iter()
        .filter_map(|(changes, name)| changes.then_some(name))
        .collect()
    }
}

/// A new ticket, as its opener gives it.
#[derive(Debug)]
pub struct Opening<'a> {
    pub clinic: Id<Clinic>,
    pub by: Id<User>,
    pub title: &'a str,
    pub description: &'a str,
    pub priority: TicketPriority,
    pub now: DateTime<Utc>,
}

/// Opens a ticket.
pub async fn open(scope: &Scope, opening: Opening<'_>) -> Result<Id<Ticket>> {
    let mut problems = Problems::default();
    let title = problems.text("title", opening.title, 200);
    let description = problems.text("description", opening.description, 10_000);
    problems.done()?;
    let tx = scope.tx().await?;
    let due = Due::of(opening.priority, opening.now);
    let ticket = NewTicket {
        id: Id::new(),
        clinic_id: opening.clinic,
        created_by_user_id: opening.by,
        title,
        description,
        priority: opening.priority,
        first_response_due_at: due.first_response,
        resolution_due_at: due.resolution,
        created_at: opening.now,
        updated_at: opening.now,
    };
    let id = ticket.id;
    event("opened", id, opening.clinic).push(scope);
    insert_into(support_tickets::table).values(ticket).execute(&mut tx.conn()?).await?;
    Ok(id)
}

/// The ticket, locked until the transaction ends; `NOT_FOUND` when the caller may not know of it, `STALE_OBJECT` when
/// it is not the version they saw.
pub async fn lock(scope: &Scope, id: Id<Ticket>, expected_version: Option<i32>) -> Result<Ticket> {
    let tx = scope.tx().await?;
    let mut on = tx.conn()?;
    let found = match scope.actor().clinic_id() {
        Some(clinic) => {
            let one = support_tickets::table.find((clinic, id)).for_update();
            one.select(Ticket::as_select()).first(&mut on).await
        }
        None => {
            let one = support_tickets::table.filter(support_tickets::id.eq(id)).for_update();
            one.select(Ticket::as_select()).first(&mut on).await
        }
    };
    let ticket = found.optional()?.ok_or_else(|| Error::not_found("ticket"))?;
    match expected_version {
        Some(expected) if expected != ticket.version => Err(Error::stale(ticket.version)),
        _ => Ok(ticket),
    }
}

/// Writes a change to a locked ticket, and tells of it. `beside` names what changes with it that is kept elsewhere.
pub async fn change(
    scope: &Scope,
    ticket: &Ticket,
    kind: &'static str,
    beside: &[&'static str],
    changes: Changes,
) -> Result<()> {
    let tx = scope.tx().await?;
    let changed = [beside, &changes.fields(ticket)].concat();
    event(kind, ticket.id, ticket.clinic_id).changed(changed).push(scope);
    prepared(update(support_tickets::table.find((ticket.clinic_id, ticket.id))).set(changes))
        .execute(&mut tx.conn()?)
        .await?;
    Ok(())
}

fn event(kind: &'static str, ticket: Id<Ticket>, clinic: Id<Clinic>) -> Event {
    Event::new("ticket", kind, ticket.uuid(), Some(clinic.uuid()))
}

/// What a change of status writes; `INVALID_TRANSITION` when it cannot go there.
pub fn to_status(ticket: &Ticket, status: TicketStatus, now: DateTime<Utc>) -> Result<Changes> {
    let allowed = ticket.status.next();
    if !allowed.contains(&status) {
        let spelled = |status: &TicketStatus| status.text().to_uppercase();
        let told = match allowed {
            [] => "a closed ticket stays closed; please open a new one".to_owned(),
            _ => format!(
                "a ticket cannot go from {} to {}, only to {}",
                spelled(&ticket.status),
                spelled(&status),
                allowed.iter().map(spelled).collect::<Vec<_>>().join(" or ")
            ),
        };
        return Err(Error::new(Code::InvalidTransition, told));
    }
    Ok(Changes {
        status: Some(status),
        resolved_at: match status {
            TicketStatus::Resolved => Some(Some(now)),
            // A ticket closed as solved stays known as solved.
            TicketStatus::Closed => None,
            TicketStatus::Open | TicketStatus::InProgress | TicketStatus::Waiting => Some(None),
        },
        closed_at: (status == TicketStatus::Closed).then_some(Some(now)),
        ..Changes::default()
    })
}

/// What a change of priority writes: what is due moves with it, counted from the opening.
#[must_use]
pub fn to_priority(ticket: &Ticket, priority: TicketPriority) -> Changes {
    let due = Due::of(priority, ticket.created_at);
    Changes {
        priority: Some(priority),
        first_response_due_at: Some(due.first_response),
        resolution_due_at: Some(due.resolution),
        ..Changes::default()
    }
}

/// That this user can be given tickets: an active administrator.
pub async fn require_assignable(scope: &Scope, user: Id<User>) -> Result<()> {
    let tx = scope.tx().await?;
    let administrator = users::is_platform_admin.and(users::status.eq("active")).and(users::deleted_at.is_null());
    let found = users::table
        .find(user)
        .filter(administrator)
        .select(users::id)
        .first::<Id<User>>(&mut tx.conn()?)
        .await
        .optional()?;
    found.map(|_| ()).ok_or_else(|| Error::invalid("assigneeId", "must be an active platform administrator"))
}
