//! Replying to a ticket, in public and among administrators.

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use crate::harness::{TestApp, code};

#[tokio::test]
async fn what_a_clinic_writes_is_never_internal_whatever_it_asks() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, staff) = (oak.manager().await, oak.person(SystemRole::Staff).await);
    let ticket = manager.open_ticket("Printer").await;

    for person in [&manager, &staff] {
        let input = json!({ "ticketId": ticket, "body": "Still off", "isInternal": true });
        let reply = person.change_ticket("replyToTicket", input, "{ isInternal author { id } }").await;
        assert_eq!(reply, json!({ "isInternal": false, "author": { "id": person.api_id() } }));
    }
    assert_eq!(app.value("select count(*) from ticket_messages where is_internal").await, 0);
    assert_eq!(manager.ticket(&ticket, "{ messages { totalCount } }").await["messages"]["totalCount"], 2);
}

#[tokio::test]
async fn an_internal_note_leaves_no_trace_for_the_clinic() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "We look into it", false).await;
    let selection = "{ version status updatedAt firstRespondedAt messages { totalCount edges { cursor node { body } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let before = manager.ticket(&ticket, selection).await;

    let note = administrator.reply(&ticket, "They pulled the plug again", true).await;

    assert_eq!(manager.ticket(&ticket, selection).await, before);
    let seen = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
    assert_eq!(manager.ask(seen, json!({ "id": note })).await, json!({ "node": null, "nodes": [null] }));
    let messages = administrator.ticket(&ticket, "{ messages { totalCount nodes { isInternal } } }").await;
    assert_eq!(
        messages["messages"],
        json!({ "totalCount": 2, "nodes": [{ "isInternal": true }, { "isInternal": false }] })
    );
}

#[tokio::test]
async fn a_reply_of_the_clinic_takes_the_ticket_up_again() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;

    for (from, to) in
        [("OPEN", "OPEN"), ("IN_PROGRESS", "IN_PROGRESS"), ("WAITING", "IN_PROGRESS"), ("RESOLVED", "IN_PROGRESS")]
    {
        let ticket = manager.open_ticket("Printer").await;
        administrator.bring_ticket_to(&ticket, from).await;

        administrator.reply(&ticket, "How is it now?", false).await;
        let answered = manager.ticket(&ticket, "{ status }").await;
        manager.reply(&ticket, "Still off", false).await;
        let replied = manager.ticket(&ticket, "{ status resolvedAt }").await;

        assert_eq!(answered, json!({ "status": from }), "a reply of the platform moves nothing");
        assert_eq!(replied, json!({ "status": to, "resolvedAt": null }), "{from}");
    }
}

#[tokio::test]
async fn a_reply_touches_its_ticket() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let before = manager.ticket(&ticket, "{ updatedAt version }").await;

    manager.reply(&ticket, "Still off", false).await;

    let after = manager.ticket(&ticket, "{ updatedAt version }").await;
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str());
    assert_eq!(after["version"], 2);
}

#[tokio::test]
async fn the_first_public_answer_of_the_platform_is_the_first_response() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let responded = async || manager.ticket(&ticket, "{ firstRespondedAt }").await["firstRespondedAt"].clone();

    manager.reply(&ticket, "Anybody there?", false).await;
    administrator.reply(&ticket, "Who takes this?", true).await;
    assert_eq!(responded().await, json!(null));

    administrator.reply(&ticket, "We are", false).await;
    let first = responded().await;
    assert!(first.is_string());

    administrator.reply(&ticket, "And still are", false).await;
    assert_eq!(responded().await, first);
}

#[tokio::test]
async fn a_closed_ticket_takes_no_reply_but_a_note_among_administrators() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    administrator.bring_ticket_to(&ticket, "CLOSED").await;

    let input = json!({ "ticketId": ticket, "body": "Once more", "isInternal": true });
    let clinic = manager.refused("replyToTicket", input.clone()).await;
    let platform = administrator.refused("replyToTicket", json!({ "ticketId": ticket, "body": "Once more" })).await;
    administrator.change_ticket("replyToTicket", input, "{ id }").await;

    assert_eq!([code(&clinic), code(&platform)], ["INVALID_TRANSITION"; 2]);
    assert_eq!(clinic["message"], "a ticket that is CLOSED takes no replies; please open a new one");
}

#[tokio::test]
async fn an_empty_or_endless_reply_is_refused() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Printer").await;

    for body in [" ".to_owned(), "x".repeat(10_001)] {
        let error = manager.refused("replyToTicket", json!({ "ticketId": ticket, "body": body })).await;
        assert_eq!((code(&error), &error["extensions"]["fields"][0]["path"]), ("INVALID_INPUT", &json!("input.body")));
    }
    let longest = json!({ "ticketId": ticket, "body": format!(" {} ", "诊".repeat(10_000)) });
    manager.change_ticket("replyToTicket", longest, "{ id }").await;
}
