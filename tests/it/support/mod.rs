//! Support tickets: what a clinic and the platform can do with them, and what neither sees of the other.

mod assign;
mod changed;
mod internal_notes;
mod lists;
mod open;
mod reply;
mod status;
mod trail;

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::{Answer, Person, TestApp};

/// Sends a mutation; `selection` is of the ticket, or of the message of a reply.
async fn change(person: &Person, field: &str, input: Value, selection: &str) -> Answer {
    person.mutate(field, input, &format!("{{ {} {selection} }}", object(field))).await
}

/// As [`change`], for a mutation that must succeed; returns the object.
async fn changed(person: &Person, field: &str, input: Value, selection: &str) -> Value {
    let payload = person.change(field, input, &format!("{{ {} {selection} }}", object(field))).await;
    payload[object(field)].clone()
}

fn object(field: &str) -> &'static str {
    if field == "replyToTicket" { "message" } else { "ticket" }
}

/// The error of a mutation that must fail.
async fn refused(person: &Person, field: &str, input: Value) -> Value {
    person.refused(field, input).await
}

fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap()
}

/// Takes a ticket to a status, the way the machine allows.
async fn bring_to(administrator: &Person, ticket: &str, status: &str) {
    let way: &[&str] = match status {
        "OPEN" => &[],
        "IN_PROGRESS" => &["IN_PROGRESS"],
        "WAITING" => &["IN_PROGRESS", "WAITING"],
        "RESOLVED" => &["IN_PROGRESS", "RESOLVED"],
        _ => &["CLOSED"],
    };
    for status in way {
        let input = json!({ "ticketId": ticket, "status": status });
        changed(administrator, "changeTicketStatus", input, "{ id }").await;
    }
}

async fn see(person: &Person, ticket: &str, selection: &str) -> Value {
    let query = format!("query ($id: ID!) {{ ticket(id: $id) {selection} }}");
    person.ask(&query, json!({ "id": ticket })).await["ticket"].clone()
}

#[tokio::test]
async fn a_stranger_clinic_sees_no_ticket() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs) = (oak.manager().await, elm.manager().await);
    let ticket = ours.open_ticket("Printer").await;

    let seen = theirs
        .ask("query ($id: ID!) { ticket(id: $id) { id } tickets { totalCount nodes { id } } }", json!({ "id": ticket }))
        .await;

    assert_eq!(seen, json!({ "ticket": null, "tickets": { "totalCount": 0, "nodes": [] } }));
}

#[tokio::test]
async fn a_clinician_may_not_see_tickets() {
    let app = TestApp::new().await;
    let clinician = app.clinic("Oak").await.person(SystemRole::Clinician).await;

    assert_eq!(clinician.fail("{ tickets { totalCount } }", json!({})).await, "FORBIDDEN");
}

#[tokio::test]
async fn an_auditor_reads_tickets_and_changes_none() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, auditor) = (oak.manager().await, oak.person(SystemRole::Auditor).await);
    let ticket = manager.open_ticket("Printer").await;

    let seen = auditor.ask("{ tickets { totalCount } }", json!({})).await;
    let opened = refused(&auditor, "openTicket", json!({ "title": "Mine", "description": "Too" })).await;
    let replied = refused(&auditor, "replyToTicket", json!({ "ticketId": ticket, "body": "Hello" })).await;
    let closed = refused(&auditor, "changeTicketStatus", json!({ "ticketId": ticket, "status": "CLOSED" })).await;

    assert_eq!(seen["tickets"]["totalCount"], 1);
    assert_eq!([code(&opened), code(&replied), code(&closed)], ["FORBIDDEN"; 3]);
}

#[tokio::test]
async fn a_ticket_of_another_clinic_cannot_be_told_from_none() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs) = (oak.manager().await, elm.manager().await);
    let foreign = ours.open_ticket("Printer").await;
    let nowhere = "ticket_01jd3v0000000000000000000a";

    for (field, rest) in
        [("replyToTicket", json!({ "body": "Hello" })), ("changeTicketStatus", json!({ "status": "CLOSED" }))]
    {
        let mut told = Vec::new();
        for id in [foreign.as_str(), nowhere] {
            let mut input = rest.clone();
            input["ticketId"] = id.into();
            let mut error = refused(&theirs, field, input).await;
            error["extensions"]["requestId"].take();
            told.push(error);
        }

        assert_eq!(code(&told[0]), "NOT_FOUND", "{field}");
        assert_eq!(told[0], told[1], "{field}");
    }
}
