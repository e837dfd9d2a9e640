//! Rows of support tickets in the tests that hold for every table and operation.

use clinigraph::{
    notification::NotificationKind,
    support::{TicketPriority, TicketStatus},
};

use crate::{
    cases::{
        ADMINISTERS, ALL, Budget, Cases, Cause, Enum, Filling, OF_CLINIC, READS, Rights, Table, WRITES, administrator,
        manager, rights,
    },
    harness::{Person, TestApp},
};

/// The page that the dashboard opens with.
pub const DASHBOARD: &str = "query ($first: Int = 25) { tickets(first: $first) { nodes { id number title status priority updatedAt
    clinic { id name } assignee { id displayName } messages(first: 3) { nodes { id body createdAt author { id displayName } } } } } }";

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "support_tickets",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siu, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, created_by_user_id, title, description) values (gen_random_uuid(), $clinic, $user, 'New', 'New')",
    },
    Table {
        name: "ticket_messages",
        grants: "admin s(i), auditor s, partner s, patient s, system si, tenant s(i)",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and not is_internal"),
        admin: ALL,
        insert: "(id, clinic_id, ticket_id, author_user_id, body, is_internal)
                 select gen_random_uuid(), $clinic, $ticket, $user, 'New', false",
    },
];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.ticket",
        "query ($ticket: ID!) { ticket(id: $ticket) { id title messages { nodes { body } } } }",
        READS,
    ),
    rights(
        "Query.tickets",
        "query ($clinic: ID!) { all: tickets { totalCount nodes { id title } } tickets(filter: { clinicId: $clinic, text: \"secret\" }) { totalCount nodes { id title } pageInfo { startCursor endCursor } } }",
        READS,
    ),
    rights(
        "Query.ticketCounts",
        "query ($clinic: ID!) { all: ticketCounts { total byStatus { status count } byDay { day count } } ticketCounts(filter: { clinicId: $clinic }) { total } }",
        READS,
    ),
    rights(
        "Query.ticketTimes",
        "query ($clinic: ID!) { ticketTimes(clinicId: $clinic) { firstResponse { count } oldestOpenTicket { id title } } }",
        ["UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN", "-"],
    ),
    rights("Query.assignableAdministrators", "{ assignableAdministrators { nodes { id } } }", ADMINISTERS),
    rights(
        "Mutation.assignTicket",
        "mutation ($ticket: ID!, $user: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $user }) { ticket { id title } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.unassignTicket",
        "mutation ($ticket: ID!) { unassignTicket(input: { ticketId: $ticket }) { ticket { id title } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.changeTicketPriority",
        "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: LOW }) { ticket { id title } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.changeTicketStatus",
        "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: CLOSED }) { ticket { id title } } }",
        WRITES,
    ),
    rights(
        "Mutation.changeTicketStatus",
        "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: IN_PROGRESS }) { ticket { id title } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.openTicket",
        "mutation ($clinic: ID!) { openTicket(input: { clinicId: $clinic, title: \"x\", description: \"x\" }) { ticket { id clinic { name } } } }",
        WRITES,
    ),
    rights(
        "Mutation.replyToTicket",
        "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\" }) { message { id ticket { title } } } }",
        WRITES,
    ),
    rights(
        "Subscription.ticketEvents",
        "subscription ($ticket: ID!, $after: String!) { ticketEvents(ticketId: $ticket, after: $after) { cursor ticket { id title } } }",
        READS,
    ),
    rights(
        "Subscription.ticketMessageAdded",
        "subscription ($ticket: ID!, $after: String!) { ticketMessageAdded(ticketId: $ticket, after: $after) { cursor message { id body } } }",
        READS,
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.ticket", "query ($ticket: ID!) { ticket(id: $ticket) { title } }", 1),
    manager(
        "Query.ticket",
        "query ($ticket: ID!) { ticket(id: $ticket) { clinic { name } createdBy { email } assignee { email } messages { totalCount nodes { body author { email } } } } }",
        3,
    ),
    manager("Query.tickets", "{ tickets { nodes { title } } }", 1),
    manager("Query.tickets", "{ tickets { totalCount } }", 1),
    manager("Query.tickets", "{ tickets { edges { cursor node { title } } pageInfo { hasNextPage endCursor } } }", 1),
    // One of them has Postgres plan for the very states.
    manager(
        "Query.tickets",
        "{ open: tickets(filter: { status: OPEN }) { totalCount } all: tickets { totalCount nodes { title } } }",
        4,
    ),
    manager("Query.ticketCounts", "{ ticketCounts { total } }", 1),
    administrator(
        "Query.ticketCounts",
        "{ ticketCounts(filter: { assigned: true }) { total byStatus { status count } byPriority { priority count } byDay { day count } } }",
        1,
    ),
    manager(
        "Query.ticketTimes",
        "{ ticketTimes { firstResponse { medianSeconds } resolution { medianSeconds } oldestOpenTicket { title } } }",
        3,
    ),
    administrator("Query.assignableAdministrators", "{ assignableAdministrators { nodes { displayName } } }", 1),
    administrator("Query.tickets", DASHBOARD, 2),
    manager("Query.tickets", DASHBOARD, 2),
    administrator(
        "Mutation.unassignTicket",
        "mutation ($ticket: ID!) { unassignTicket(input: { ticketId: $ticket }) { ticket { id } } }",
        2,
    ),
    manager(
        "Mutation.openTicket",
        "mutation { openTicket(input: { title: \"New\", description: \"x\" }) { ticket { id } } }",
        3,
    ),
    administrator(
        "Mutation.openTicket",
        "mutation ($clinic: ID!) { openTicket(input: { clinicId: $clinic, title: \"New\", description: \"x\" }) { ticket { id } } }",
        4,
    ),
    manager(
        "Mutation.replyToTicket",
        "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\" }) { message { id } } }",
        5,
    ),
    administrator(
        "Mutation.replyToTicket",
        "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\", isInternal: true }) { message { id } } }",
        4,
    ),
    administrator(
        "Mutation.assignTicket",
        "mutation ($ticket: ID!, $administrator: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $administrator }) { ticket { id } } }",
        5,
    ),
    administrator(
        "Mutation.changeTicketPriority",
        "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: LOW }) { ticket { id } } }",
        4,
    ),
    administrator(
        "Mutation.changeTicketStatus",
        "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: IN_PROGRESS }) { ticket { id } } }",
        4,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "support_tickets_priority_check", values: TicketPriority::TEXTS },
    Enum { constraint: "support_tickets_status_check", values: TicketStatus::TEXTS },
];

/// Opens a ticket with a public message of each side, an internal note and an assignee; all are notified.
pub async fn fill(filling: &Filling<'_>) {
    let (manager, administrator) = (&filling.manager, filling.administrator);
    let opened = manager.open_ticket_once("first", &filling.secret()).await;
    let ticket = opened.body["data"]["openTicket"]["ticket"]["id"].as_str().unwrap();
    manager.reply(ticket, &filling.secret(), false).await;
    administrator.reply(ticket, &format!("{} note", filling.name), true).await;
    administrator.reply(ticket, &filling.secret(), false).await;
    administrator.assign_ticket(ticket, administrator).await;
}

/// The causes of the notifications about tickets.
pub const CAUSES: &[(NotificationKind, Cause)] = &[
    (NotificationKind::TicketCreated, |app| Box::pin(async { drop(opened(app).await) })),
    (NotificationKind::TicketReply, |app| {
        Box::pin(async {
            let (ada, ticket) = opened(app).await;
            ada.reply(&ticket, "Is there paper?", false).await;
        })
    }),
    (NotificationKind::TicketStatusChanged, |app| {
        Box::pin(async {
            let (ada, ticket) = opened(app).await;
            ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
        })
    }),
    (NotificationKind::TicketOverdue, |app| {
        Box::pin(async {
            opened(app).await;
            app.work().await;
            app.clock.turn(chrono::TimeDelta::days(7));
            app.work().await;
        })
    }),
];

/// An administrator, and a ticket that a clinic has opened.
async fn opened(app: &TestApp) -> (Person, String) {
    let ada = app.administrator().await;
    app.verify_everybody().await;
    let ticket = app.clinic("Birch").await.manager().await.open_ticket("Printer").await;
    (ada, ticket)
}
