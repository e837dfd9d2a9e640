//! What is shown of users.

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn a_clinic_sees_administrators_by_their_names_only() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "Hello.", false).await;
    let assign = "mutation ($ticket: ID!, $user: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $user }) { ticket { assignee { email } } } }";
    let assigned = administrator.ask(assign, json!({ "ticket": ticket, "user": administrator.api_id() })).await;

    let document = "query ($ticket: ID!, $user: ID!) {
        ticket(id: $ticket) { assignee { displayName email phone } messages { nodes { author { email phone } } } }
        node(id: $user) { ... on User { displayName email } } }";
    let seen = manager.send(document, json!({ "ticket": ticket, "user": administrator.api_id() })).await;

    assert!(assigned["assignTicket"]["ticket"]["assignee"]["email"].is_string());
    assert_eq!(
        seen.body["data"]["ticket"]["assignee"],
        json!({ "displayName": "Ada Tester", "email": null, "phone": null })
    );
    assert!(!seen.body.to_string().contains("@people.example"), "{}", seen.body);
}
