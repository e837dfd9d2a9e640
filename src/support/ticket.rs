//! Tickets: their declaration and their rules.

use chrono::{DateTime, Utc};

use super::{
    message::{NewestFirst, TicketMessage},
    sla::DueDates,
};
use crate::{
    access::User,
    aggregate,
    clinic::Clinic,
    entity,
    external::ExternalReference,
    file::File,
    filter,
    kernel::{
        Id, Permission, Result,
        db::Scope,
        entity::DateTimeRange,
        error::Problems,
        wall_clock::Date,
        write::{Draft, Stored},
    },
    orders, scalar_field,
    schema::support_tickets,
    states, text_enum,
};

text_enum! {
    /// Urgency of a ticket.
    TicketPriority {
        /// The ticket can wait.
        Low = "low",
        /// The ticket is of ordinary urgency.
        Medium = "medium",
        /// The ticket delays the clinic's work.
        High = "high",
        /// The ticket stops the clinic's work.
        Urgent = "urgent",
    }
}

text_enum! {
    /// Age of a ticket, counted from its opening.
    TicketAge {
        /// The ticket was opened less than a day ago.
        UnderOneDay = "under_one_day",
        /// The ticket was opened at least one day and less than three days ago.
        OneToThreeDays = "one_to_three_days",
        /// The ticket was opened at least three days and less than seven days ago.
        ThreeToSevenDays = "three_to_seven_days",
        /// The ticket was opened at least seven days and less than thirty days ago.
        SevenToThirtyDays = "seven_to_thirty_days",
        /// The ticket was opened at least thirty days ago.
        OverThirtyDays = "over_thirty_days",
    }
}

states! {
    /// Status of a ticket.
    TicketStatus of Ticket.status, "ticket" {
        /// Nobody is working on the ticket yet.
        Open = "open" to [InProgress, Closed],
        /// The ticket is being worked on.
        InProgress = "in_progress" to [Waiting, Resolved, Closed],
        /// The ticket is waiting for an answer from the clinic.
        Waiting = "waiting" to [InProgress, Resolved, Closed],
        /// The ticket is solved; a reply from the clinic reopens it.
        Resolved = "resolved" to [InProgress, Closed] stamps resolved_at,
        /// The ticket is closed for good.
        Closed = "closed" to [] stamps closed_at hint "please open a new one",
    }
}

entity! {
    /// Request for help that a clinic opens and the platform answers. Needs the permission `TICKETS_READ`.
    Ticket "ticket" of support_tickets, tenant clinic_id, read TicketsRead;
    columns {
        /// Identifier of the ticket.
        id: Id<Ticket>,
        /// Number of the ticket, for use in conversation.
        number: i32,
        /// Subject of the ticket in one line.
        title: String,
        /// Full description of the problem.
        description: String,
        /// Urgency of the ticket; sets its due dates.
        priority: TicketPriority,
        /// Current status of the ticket.
        status: TicketStatus,
        /// Time by which a first response is due. Null if none is due.
        first_response_due_at: Option<DateTime<Utc>>,
        /// Time by which the ticket should be resolved. Null if there is no deadline.
        resolution_due_at: Option<DateTime<Utc>>,
        /// Time at which it was noticed that the first response is late. Null if it is not late.
        first_response_missed_at: Option<DateTime<Utc>>,
        /// Time at which it was noticed that the ticket was not resolved in time. Null if that is not so.
        resolution_missed_at: Option<DateTime<Utc>>,
        /// Time of the first response from an administrator. Null if there has been none yet.
        first_responded_at: Option<DateTime<Utc>>,
        /// Time at which the ticket was resolved. Null if it is not resolved.
        resolved_at: Option<DateTime<Utc>>,
        /// Time at which the ticket was closed. Null if it is not closed.
        closed_at: Option<DateTime<Utc>>,
        /// Time at which the ticket was opened.
        created_at: DateTime<Utc>,
        /// Time of the last change or public reply.
        updated_at: DateTime<Utc>,
        /// Version of the ticket, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        created_by_user_id: Id<User>,
        assignee_id: Option<Id<User>>,
    }
    computed {
        /// Statuses to which the caller may move the ticket now; empty if there are none.
        next_statuses: Vec<TicketStatus> = |viewer, status: TicketStatus| status.next_for(viewer),
        /// Whether the caller may reply to the ticket now.
        viewer_can_reply: bool = |viewer, status: TicketStatus| status.takes_replies() && viewer.may(Permission::TicketsWrite),
        /// Whether the caller may close the ticket now.
        viewer_can_close: bool = |viewer, status: TicketStatus| status.next_for(viewer).contains(&TicketStatus::Closed),
        /// Whether the caller may add internal notes to the ticket.
        viewer_can_add_note: bool = |viewer| viewer.may(Permission::TicketsWrite) && viewer.may(Permission::TicketsManage),
        /// Whether the caller may assign the ticket and change its priority.
        viewer_can_manage: bool = |viewer| viewer.may(Permission::TicketsManage),
    }
    edges {
        /// Clinic that opened the ticket.
        clinic: one Clinic by clinic_id,
        /// User who opened the ticket. Null if the user is no longer visible to the caller.
        created_by: maybe User by created_by_user_id,
        /// Administrator who works on the ticket. Null if it is not assigned.
        assignee: maybe User by assignee_id,
        /// Messages on the ticket, newest first. Clinics never see internal notes, nor are these counted for them.
        messages: page TicketMessage by ticket_id in NewestFirst,
        /// Files that were attached when the ticket was opened, oldest first.
        files: all File by subject_id order "created_at, id",
        /// Identifiers of the ticket in other systems.
        external_ids: all ExternalReference by subject_id order "system, value, id",
    }
}

orders! {
    /// Order of a list of tickets.
    TicketOrder by TicketOrderField, usually UpdatedAt Desc;
    /// Time at which the ticket was opened.
    CreatedAt = "created_at" as Timestamptz,
    /// Time of the last change or public reply.
    UpdatedAt = "updated_at" as Timestamptz,
    /// Urgency of the ticket, from low to urgent.
    Priority = "priority_rank" as SmallInt,
    /// Next deadline of the ticket: of its first response until that is given, then of its resolution. Tickets without one come
    /// behind all others.
    DueAt = "due_order" as Timestamptz,
}

aggregate! {
    /// Numbers of tickets, in all and by their properties.
    TicketCounts of Ticket {
        /// Numbers of tickets by status; a status that no ticket has is left out.
        by_status: TicketStatusCount {
            /// Status of the tickets.
            status: TicketStatus,
        },
        /// Numbers of tickets by priority; a priority that no ticket has is left out.
        by_priority: TicketPriorityCount {
            /// Priority of the tickets.
            priority: TicketPriority,
        },
        /// Numbers of tickets that are neither resolved nor closed, by their age; an age that no ticket has is left out.
        by_age: TicketAgeCount {
            /// Age of the tickets, counted from their opening.
            age: TicketAge = "case when status in ('open', 'in_progress', 'waiting') then case when created_at > now() - interval '1 day' then 'under_one_day' when created_at > now() - interval '3 days' then 'one_to_three_days' when created_at > now() - interval '7 days' then 'three_to_seven_days' when created_at > now() - interval '30 days' then 'seven_to_thirty_days' else 'over_thirty_days' end end",
        },
        /// Numbers of tickets by the administrator whom they are assigned to; tickets without an assignee are left out.
        by_assignee: TicketAssigneeCount {
            /// Identifier of the administrator whom the tickets are assigned to.
            assignee_id: Id<User>,
        },
        /// Numbers of tickets whose next deadline has passed and of all others; a number of 0 is left out.
        by_overdue: TicketOverdueCount {
            /// Whether the next deadline of the tickets has passed.
            overdue: bool = "due_order < now()",
        },
        /// Numbers of tickets opened in the last 90 days, by day in the clinic's time zone (UTC for platform
        /// administrators); a day without one is left out.
        by_day: TicketDayCount {
            /// Day on which the tickets were opened.
            day: Date = "case when created_at >= now() - interval '90 days' then (created_at at time zone coalesce((select c.timezone from clinics c where c.id = (select private.request_clinic_id())), 'UTC'))::date end",
        },
    }
}

filter! {
    /// Conditions on a list of tickets; all of them must hold.
    TicketFilter of Ticket in support_tickets, order TicketOrder {
        /// Clinic that opened the ticket.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Statuses, any of which matches.
        status: any(status: TicketStatus) replan,
        /// Priorities, any of which matches.
        priority: any(priority: TicketPriority),
        /// Administrator whom the ticket is assigned to.
        assignee_id: equal(assignee_id: Id<User>),
        /// Whether the ticket is assigned to anybody.
        assigned: present(assignee_id),
        /// Times between which the ticket was opened.
        created_at: range(created_at: DateTimeRange),
        /// Whether the next deadline of the ticket has passed; false for tickets without one.
        overdue: past(due_order),
        /// Times between which the next deadline of the ticket is: of its first response until that is given, then of its resolution.
        due_at: due(due_order: DateTimeRange),
        /// Words in the title or description; all must occur, at least as the beginning of a word. At most 200 characters.
        text: words(),
    }
}

scalar_field!(TicketFilter);

impl Ticket {
    /// Drafts a new ticket of a clinic.
    pub fn open(
        clinic: Id<Clinic>,
        by: Id<User>,
        priority: TicketPriority,
        now: DateTime<Utc>,
    ) -> Draft<'static, Self> {
        let due = DueDates::of(priority, now);
        Self::new_in(clinic)
            .created_by_user_id(by)
            .priority(priority)
            .first_response_due_at(due.first_response)
            .resolution_due_at(due.resolution)
            // Due dates are counted from this time, so it comes from the same clock.
            .created_at(now)
            .updated_at(now)
    }

    /// Drafts another priority; the due dates follow, counted from the opening. One that is moved into the future can be
    /// missed anew.
    pub fn prioritize(&self, priority: TicketPriority, now: DateTime<Utc>) -> Draft<'_, Self> {
        let due = DueDates::of(priority, self.created_at);
        let draft = self.edit().priority(priority);
        if draft.is_empty() {
            return draft;
        }
        let draft = draft.first_response_due_at(due.first_response).resolution_due_at(due.resolution);
        let draft = if due.first_response > now { draft.first_response_missed_at(None) } else { draft };
        if due.resolution > now { draft.resolution_missed_at(None) } else { draft }
    }
}

/// Refuses a user who cannot work on tickets: only active administrators of the platform do.
pub async fn require_assignable(scope: &Scope, user: Id<User>) -> Result<()> {
    let mut problems = Problems::default();
    let user = User::find(scope, user).await?;
    let assignable = user.is_some_and(|user| user.is_active_administrator());
    problems.check(assignable, "input.assigneeId", "must be an active platform administrator");
    problems.done()
}
