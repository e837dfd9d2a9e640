//! How many SQL statements an operation takes. A budget is exact: a change that needs more says so here, and so does
//! one that needs less. What opens and ends a transaction is not counted, and neither is what the server does as
//! itself, as when it looks up a session.

use std::{collections::BTreeSet, time::Duration};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use clinigraph::{
    demo,
    pipeline::{Limits, Settings},
};
use serde_json::{Value, json};

use crate::harness::{Person, TestApp, settings};

/// Who asks.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Manager,
    Administrator,
}
use Who::{Administrator, Manager};

/// An operation, and the statements it may take. Where several stand for one field they differ in what is selected.
const BUDGET: &[(&str, Who, &str, u64)] = &[
    ("Query.server", Manager, "{ server { version limits { cost } errorCodes { code } } }", 0),
    ("Query.viewer", Manager, "{ viewer { role permissions } }", 0),
    ("Query.viewer", Manager, "{ viewer { user { displayName } actingClinic { name } } }", 2),
    ("Query.viewer", Manager, "{ viewer { memberships { clinic { name } } } }", 0),
    ("Query.clinic", Manager, "{ clinic { name } }", 1),
    ("Query.clinic", Manager, "query ($slug: String!) { clinic(slug: $slug) { name } }", 2),
    (
        "Query.clinic",
        Manager,
        "{ clinic { name network { name } memberships { totalCount nodes { user { email } } } } }",
        3,
    ),
    ("Query.clinic", Manager, "{ clinic { tickets { totalCount nodes { title } } } }", 3),
    ("Query.clinics", Manager, "{ clinics { nodes { name } } }", 1),
    ("Query.clinics", Administrator, "{ clinics { totalCount nodes { name network { name } } } }", 2),
    ("Query.clinics", Administrator, "{ clinics { totalCount } }", 1),
    ("Query.node", Manager, "query ($ticket: ID!) { node(id: $ticket) { id } }", 1),
    (
        "Query.node",
        Manager,
        "query ($message: ID!) { node(id: $message) { ... on TicketMessage { body author { email } } } }",
        1,
    ),
    ("Query.nodes", Manager, "query ($ticket: ID!) { nodes(ids: [$ticket]) { id } }", 1),
    (
        "Query.nodes",
        Manager,
        "query ($ticket: ID!, $message: ID!, $user: ID!) { nodes(ids: [$ticket, $message, $user, $ticket]) { id } }",
        3,
    ),
    ("Query.ticket", Manager, "query ($ticket: ID!) { ticket(id: $ticket) { title } }", 1),
    (
        "Query.ticket",
        Manager,
        "query ($ticket: ID!) { ticket(id: $ticket) { clinic { name } createdBy { email } assignee { email } messages { totalCount nodes { body author { email } } } } }",
        3,
    ),
    ("Query.tickets", Manager, "{ tickets { nodes { title } } }", 1),
    ("Query.tickets", Manager, "{ tickets { totalCount } }", 1),
    ("Query.tickets", Manager, "{ tickets { edges { cursor node { title } } pageInfo { hasNextPage endCursor } } }", 1),
    (
        "Query.tickets",
        Manager,
        "{ open: tickets(filter: { status: OPEN }) { totalCount } all: tickets { totalCount nodes { title } } }",
        // One of them has Postgres plan for the very states.
        4,
    ),
    ("Query.ticketCounts", Manager, "{ ticketCounts { total } }", 1),
    (
        "Query.ticketCounts",
        Administrator,
        "{ ticketCounts(filter: { assigned: true }) { total byStatus { status count } byPriority { priority count } byDay { day count } } }",
        1,
    ),
    ("Query.tickets", Administrator, NESTED, 2),
    ("Query.tickets", Manager, NESTED, 2),
    ("Query.notifications", Administrator, "{ notifications { totalCount nodes { title read clinic { name } } } }", 2),
    ("Query.notifications", Administrator, "{ notifications(filter: { read: false }) { nodes { title } } }", 1),
    (
        "Query.clinic",
        Manager,
        "{ clinic { config { booking { bufferMinutes } language { greetings { text } } privacy { officerName } } hours { dayOfWeek opensAt } } }",
        2,
    ),
    (
        "Query.auditEvents",
        Administrator,
        "{ auditEvents(first: 100) { nodes { id occurredAt changes { field after } } } }",
        1,
    ),
    ("Query.auditEvents", Administrator, "{ auditEvents { nodes { actor { displayName } clinic { name } } } }", 1),
    (
        "Query.provider",
        Manager,
        "query ($provider: ID!) { provider(id: $provider) { firstName consultationFee { amount } } }",
        1,
    ),
    (
        "Query.providers",
        Manager,
        "{ providers(first: 100) { nodes { firstName lastName specialties clinic { name } } } }",
        1,
    ),
    ("Query.providers", Administrator, "{ providers { totalCount } }", 1),
    (
        "Mutation.updateClinicConfig",
        Manager,
        "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { clinicConfig { booking { bufferMinutes } } } }",
        4,
    ),
    (
        "Mutation.addClinicClosure",
        Manager,
        "mutation { addClinicClosure(input: { date: \"2026-09-07\" }) { clinicClosure { date name } } }",
        3,
    ),
    (
        "Mutation.changeClinicClosure",
        Manager,
        "mutation ($clinic_closure: ID!) { changeClinicClosure(input: { clinicClosureId: $clinic_closure, name: \"x\" }) { clinicClosure { name } } }",
        4,
    ),
    (
        "Mutation.removeClinicClosure",
        Manager,
        "mutation ($clinic_closure: ID!) { removeClinicClosure(input: { clinicClosureId: $clinic_closure }) { removedClinicClosureId } }",
        3,
    ),
    (
        "Mutation.unassignTicket",
        Administrator,
        "mutation ($ticket: ID!) { unassignTicket(input: { ticketId: $ticket }) { ticket { id } } }",
        2,
    ),
    ("Query.viewer", Manager, "{ viewer { unreadNotificationCount } }", 1),
    (
        "Mutation.openTicket",
        Manager,
        "mutation { openTicket(input: { title: \"New\", description: \"x\" }) { ticket { id } } }",
        3,
    ),
    (
        "Mutation.openTicket",
        Administrator,
        "mutation ($clinic: ID!) { openTicket(input: { clinicId: $clinic, title: \"New\", description: \"x\" }) { ticket { id } } }",
        4,
    ),
    (
        "Mutation.replyToTicket",
        Manager,
        "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\" }) { message { id } } }",
        5,
    ),
    (
        "Mutation.replyToTicket",
        Administrator,
        "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\", isInternal: true }) { message { id } } }",
        4,
    ),
    (
        "Mutation.assignTicket",
        Administrator,
        "mutation ($ticket: ID!, $administrator: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $administrator }) { ticket { id } } }",
        5,
    ),
    (
        "Mutation.changeTicketPriority",
        Administrator,
        "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: LOW }) { ticket { id } } }",
        4,
    ),
    (
        "Mutation.changeTicketStatus",
        Administrator,
        "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: IN_PROGRESS }) { ticket { id } } }",
        4,
    ),
    (
        "Mutation.switchClinic",
        Manager,
        "mutation ($clinic: ID!) { switchClinic(input: { clinicId: $clinic }) { viewer { role } } }",
        0,
    ),
    (
        "Mutation.signIn",
        Manager,
        "mutation { signIn(input: { email: \"mei@harbour.example\", password: \"clinigraph demo\" }) { expiresAt viewer { role } } }",
        0,
    ),
    (
        "Mutation.markNotificationRead",
        Administrator,
        "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id } } }",
        3,
    ),
    (
        "Mutation.markNotificationRead",
        Administrator,
        "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id } } }",
        2,
    ),
    (
        "Mutation.archiveNotification",
        Administrator,
        "mutation ($notification: ID!) { archiveNotification(input: { notificationId: $notification }) { notification { id } } }",
        3,
    ),
    ("Mutation.markAllNotificationsRead", Administrator, "mutation { markAllNotificationsRead { count } }", 2),
    ("Mutation.signOut", Manager, "mutation { signOut { signedOut } }", 0),
];

/// The page that the dashboard opens with.
const NESTED: &str = "query ($first: Int = 25) { tickets(first: $first) { nodes { id number title status priority updatedAt
    clinic { id name } assignee { id displayName } messages(first: 3) { nodes { id body createdAt author { id displayName } } } } } }";

/// An app with the demo's many tickets, and no limit on what is asked for at once.
async fn demo_app() -> TestApp {
    let settings = Settings {
        limits: Limits { cost: 100_000, ..Limits::default() },
        deadline: Duration::from_secs(30),
        ..settings()
    };
    let app = TestApp::with(settings, 4).await;
    demo::load(&app.database).await.unwrap();
    app
}

#[test]
fn every_operation_has_its_budget_here() {
    let mut fields = BTreeSet::new();
    for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node;
        if let (true, TypeKind::Object(object)) = (["Query", "Mutation"].contains(&name.as_str()), definition.node.kind)
        {
            fields.extend(object.fields.iter().map(|field| format!("{name}.{}", field.node.name.node)));
        }
    }

    assert_eq!(fields, BUDGET.iter().map(|row| row.0.to_owned()).collect());
}

#[tokio::test]
async fn every_operation_keeps_to_its_budget() {
    let app = demo_app().await;
    let manager = sign_in(&app, "amina@acacia.example").await;
    let administrator = sign_in(&app, "ada@clinigraph.example").await;
    let clinic = manager
        .ask("{ clinic { id slug closures(last: 1) { nodes { id } } } viewer { user { id } } }", json!({}))
        .await;
    let ada = administrator.ask("{ viewer { user { id } } }", json!({})).await;
    let ticket = manager.open_ticket("Printer").await;
    let message = manager.reply(&ticket, "Hello?", false).await;
    let told = administrator.ask("{ notifications { nodes { id } } providers { nodes { id } } }", json!({})).await;
    let variables = json!({
        "clinic": clinic["clinic"]["id"], "slug": clinic["clinic"]["slug"],
        "clinic_closure": clinic["clinic"]["closures"]["nodes"][0]["id"], "user": clinic["viewer"]["user"]["id"],
        "administrator": ada["viewer"]["user"]["id"], "ticket": ticket, "message": message,
        "notification": told["notifications"]["nodes"][0]["id"], "provider": told["providers"]["nodes"][0]["id"],
    });

    let mut missed = Vec::new();
    for &(_, who, document, budget) in BUDGET {
        let person = if who == Manager { &manager } else { &administrator };
        let answer = person.send(document, variables.clone()).await;
        assert_eq!(answer.body.get("errors"), None, "{document}");
        if answer.sql_count() != budget {
            missed.push(format!("{document}: {} instead of {budget}", answer.sql_count()));
        }
    }

    assert_eq!(missed, Vec::<String>::new());
}

async fn sign_in(app: &TestApp, email: &str) -> Person {
    let document = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
    let input = json!({ "email": email, "password": demo::PASSWORD });
    let signed_in = app.nobody().ask(document, json!({ "input": input })).await;
    Person::new(app.address, Some(signed_in["signIn"]["token"].as_str().unwrap().to_owned()), uuid::Uuid::nil())
}

#[tokio::test]
async fn a_nested_page_takes_as_many_statements_whatever_its_size() {
    let app = demo_app().await;
    let administrator = app.administrator().await;

    for size in [1, 25, 100] {
        let answer = administrator.send(NESTED, json!({ "first": size })).await;
        let tickets = answer.body["data"]["tickets"]["nodes"].as_array().unwrap();
        let of_each = |ticket: &Value| ticket["messages"]["nodes"].as_array().unwrap().len();

        assert_eq!(tickets.len(), size);
        assert!(size == 1 || tickets.iter().any(|ticket| of_each(ticket) == 3));
        assert!(size == 1 || tickets.iter().any(|ticket| !ticket["assignee"].is_null()));
        assert_eq!(answer.sql_count(), 2, "{size}");
    }
}
