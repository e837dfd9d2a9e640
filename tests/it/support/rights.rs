//! Who may read and change tickets.

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use crate::harness::{TestApp, code};

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
    let opened = auditor.refused("openTicket", json!({ "title": "Mine", "description": "Too" })).await;
    let replied = auditor.refused("replyToTicket", json!({ "ticketId": ticket, "body": "Hello" })).await;
    let closed = auditor.refused("changeTicketStatus", json!({ "ticketId": ticket, "status": "CLOSED" })).await;

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
        let mut shown = Vec::new();
        for id in [foreign.as_str(), nowhere] {
            let mut input = rest.clone();
            input["ticketId"] = id.into();
            let mut error = theirs.refused(field, input).await;
            error["extensions"]["requestId"].take();
            shown.push(error);
        }

        assert_eq!(code(&shown[0]), "NOT_FOUND", "{field}");
        assert_eq!(shown[0], shown[1], "{field}");
    }
}
