//! Who works on a ticket.

use serde_json::json;

use crate::harness::{TestApp, code};

#[tokio::test]
async fn a_ticket_is_given_to_an_administrator_and_taken_away() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let selection = "{ assignee { displayName } version status }";
    let assign = async || {
        let input = json!({ "ticketId": ticket, "assigneeId": administrator.api_id() });
        administrator.change_ticket("assignTicket", input, selection).await
    };

    let given = assign().await;
    let again = assign().await;
    let seen = manager.ticket(&ticket, "{ assignee { displayName email } }").await;
    let taken = administrator.change_ticket("unassignTicket", json!({ "ticketId": ticket }), selection).await;

    assert_eq!(given, json!({ "assignee": { "displayName": "Ada Tester" }, "version": 2, "status": "OPEN" }));
    assert_eq!(again, given, "nothing changed");
    assert_eq!(seen, json!({ "assignee": { "displayName": "Ada Tester", "email": null } }));
    assert_eq!(taken, json!({ "assignee": null, "version": 3, "status": "OPEN" }));
}

#[tokio::test]
async fn only_active_administrators_can_be_given_a_ticket() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let (suspended, pending, gone) = (app.administrator().await, app.administrator().await, app.administrator().await);
    app.execute(&format!(
        "update users set status = 'suspended' where id = '{}';
         update users set status = 'pending' where id = '{}';
         update users set deleted_at = now() where id = '{}';",
        suspended.user_id, pending.user_id, gone.user_id
    ))
    .await;
    let ticket = manager.open_ticket("Printer").await;

    let nobody = "user_01jd3v0000000000000000000a".to_owned();
    for user in [manager.api_id(), suspended.api_id(), pending.api_id(), gone.api_id(), nobody] {
        let error = administrator.refused("assignTicket", json!({ "ticketId": ticket, "assigneeId": user })).await;
        assert_eq!(code(&error), "INVALID_INPUT", "{user}");
        assert_eq!(error["extensions"]["fields"][0]["path"], "input.assigneeId");
    }
    assert_eq!(
        administrator.ticket(&ticket, "{ assignee { id } version }").await,
        json!({ "assignee": null, "version": 1 })
    );
}

#[tokio::test]
async fn a_clinic_may_neither_assign_nor_prioritise() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;

    let input = json!({ "ticketId": ticket, "assigneeId": administrator.api_id() });
    let assigned = manager.refused("assignTicket", input).await;
    let pressed = manager.refused("changeTicketPriority", json!({ "ticketId": ticket, "priority": "URGENT" })).await;

    assert_eq!([code(&assigned), code(&pressed)], ["FORBIDDEN"; 2]);
}
