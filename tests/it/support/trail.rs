//! What every change of a ticket leaves behind: a row in the audit trail and an event in the outbox.

use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// What was written about tickets and messages: audit rows and events, in order.
async fn trail(app: &TestApp) -> (Vec<Value>, Vec<Value>) {
    let audit = "select actor_kind, actor_user_id, actor_email, clinic_id, verb, operation, resource_type, changes,
            host(ip) as ip, request_id is not null as has_request
        from audit_events where resource_type in ('ticket', 'ticket_message') order by seq";
    let events =
        "select clinic_id, audience, topic, kind, changed from outbox_events where topic <> 'notification' order by id";
    (app.rows(audit).await, app.rows(events).await)
}

/// Of an audit row: operation, what was done to what, and each change in short.
fn texts(row: &Value) -> String {
    let changes = row["changes"].as_array().unwrap().iter().map(|change| match &change["redacted"] {
        Value::Bool(true) => {
            assert_eq!(change.as_object().unwrap().len(), 2, "a redacted change has no value: {change}");
            format!("{}=[redacted]", change["field"].as_str().unwrap())
        }
        _ => {
            let value = |side: &str| match &change[side] {
                Value::String(text) if text.len() > 16 => "…".to_owned(),
                Value::String(text) => text.clone(),
                Value::Null => "-".to_owned(),
                // Numbers of tickets are random.
                Value::Number(_) => "…".to_owned(),
                other => other.to_string(),
            };
            format!("{}: {} to {}", change["field"].as_str().unwrap(), value("before"), value("after"))
        }
    });
    let changes: Vec<_> = changes.collect();
    let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{} {} {} by {}: {}",
        text("operation"),
        text("verb"),
        text("resource_type"),
        text("actor_kind"),
        changes.join(", ")
    )
}

fn event(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    format!("{}.{} to {} {}", text("topic"), text("kind"), text("audience"), row["changed"])
}

#[tokio::test]
async fn every_change_is_audited_and_told() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;

    let ticket = manager.open_ticket("Printer").await;
    let id = |mut rest: Value| {
        rest["ticketId"] = ticket.clone().into();
        rest
    };
    administrator.change_ticket("assignTicket", id(json!({ "assigneeId": administrator.api_id() })), "{ id }").await;
    administrator.change_ticket("changeTicketPriority", id(json!({ "priority": "HIGH" })), "{ id }").await;
    administrator.change_ticket("changeTicketStatus", id(json!({ "status": "IN_PROGRESS" })), "{ id }").await;
    administrator.reply(&ticket, "A note", true).await;
    administrator.reply(&ticket, "An answer", false).await;
    administrator.change_ticket("changeTicketStatus", id(json!({ "status": "RESOLVED" })), "{ id }").await;
    manager.reply(&ticket, "Not yet", false).await;

    let (audit, events) = trail(&app).await;
    insta::assert_snapshot!(audit.iter().map(texts).collect::<Vec<_>>().join("\n"), @r#"
    openTicket create ticket by tenant: createdBy: - to …, description=[redacted], firstResponseDueAt: - to …, number: - to …, priority: - to medium, resolutionDueAt: - to …, status: - to open, title=[redacted]
    assignTicket update ticket by admin: assignee: - to …
    changeTicketPriority update ticket by admin: firstResponseDueAt: … to …, priority: medium to high, resolutionDueAt: … to …
    changeTicketStatus update ticket by admin: status: open to in_progress
    replyToTicket create ticket_message by admin: author: - to …, body=[redacted], isInternal: - to true, ticket: - to …
    replyToTicket create ticket_message by admin: author: - to …, body=[redacted], isInternal: - to false, ticket: - to …
    replyToTicket update ticket by admin: firstRespondedAt: - to …
    changeTicketStatus update ticket by admin: resolvedAt: - to …, status: in_progress to resolved
    replyToTicket create ticket_message by tenant: author: - to …, body=[redacted], isInternal: - to false, ticket: - to …
    replyToTicket update ticket by tenant: resolvedAt: … to -, status: resolved to in_progress
    "#);
    insta::assert_snapshot!(events.iter().map(event).collect::<Vec<_>>().join("\n"), @r#"
    ticket.opened to clinic []
    ticket.assigned to clinic ["assignee","updatedAt","version"]
    ticket.priority_changed to clinic ["priority","firstResponseDueAt","resolutionDueAt","updatedAt","version"]
    ticket.status_changed to clinic ["status","updatedAt","version"]
    ticket_message.added to platform []
    ticket_message.added to clinic []
    ticket.replied to clinic ["messages","firstRespondedAt","updatedAt","version"]
    ticket.status_changed to clinic ["status","resolvedAt","updatedAt","version"]
    ticket_message.added to clinic []
    ticket.replied to clinic ["messages","status","resolvedAt","updatedAt","version"]
    "#);
    for row in &audit {
        let who: &Person = if row["actor_kind"] == "tenant" { &manager } else { &administrator };
        assert_eq!(row["actor_user_id"], who.user_id.to_string());
        assert!(row["actor_email"].as_str().unwrap().ends_with("@people.example"));
        assert_eq!((&row["ip"], &row["has_request"]), (&json!("127.0.0.1"), &json!(true)));
    }
    assert!(audit.iter().chain(&events).all(|row| row["clinic_id"] == oak.id.to_string()));
}

#[tokio::test]
async fn no_word_that_somebody_wrote_is_in_the_trail() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let input = json!({ "title": "Zebra one", "description": "Zebra two" });
    let ticket = manager.change_ticket("openTicket", input, "{ id }").await["id"].as_str().unwrap().to_owned();
    manager.reply(&ticket, "Zebra three", false).await;

    let rows = app.rows("select a::text from audit_events a union all select o::text from outbox_events o").await;
    assert!(rows.len() >= 5 && !json!(rows).to_string().contains("Zebra"));
}

#[tokio::test]
async fn the_request_is_the_one_that_was_answered() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let query = "mutation { openTicket(input: { title: \"Printer\", description: \"Off\" }) { ticket { id } } }";
    manager.send_with(query, json!({}), &[("x-request-id", "my-own-id"), ("user-agent", "tester/1")]).await;

    let row = app.rows("select request_id, user_agent from audit_events where resource_type = 'ticket'").await;
    assert_eq!(row, [json!({ "request_id": "my-own-id", "user_agent": "tester/1" })]);
}

#[tokio::test]
async fn what_changes_nothing_and_what_fails_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let before = (trail(&app).await, app.rows("select * from support_tickets").await);
    let id = |mut rest: Value| {
        rest["ticketId"] = ticket.clone().into();
        rest
    };

    for (who, field, input) in [
        (&manager, "openTicket", json!({ "title": "", "description": "Off" })),
        (&manager, "replyToTicket", id(json!({ "body": " " }))),
        (&manager, "assignTicket", id(json!({ "assigneeId": null }))),
        (&administrator, "assignTicket", id(json!({ "assigneeId": manager.api_id() }))),
        (&administrator, "changeTicketStatus", id(json!({ "status": "WAITING" }))),
        (&administrator, "changeTicketPriority", id(json!({ "priority": "LOW", "expectedVersion": 7 }))),
        (&administrator, "assignTicket", id(json!({ "assigneeId": null }))),
        (&administrator, "changeTicketStatus", id(json!({ "status": "OPEN" }))),
        (&administrator, "changeTicketPriority", id(json!({ "priority": "MEDIUM" }))),
    ] {
        who.try_ticket(field, input, "{ __typename }").await;
    }

    assert_eq!((trail(&app).await, app.rows("select * from support_tickets").await), before);
    assert_eq!(app.value("select count(*) from ticket_messages").await, 0);
}

#[tokio::test]
async fn a_change_that_cannot_be_audited_is_not_made() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    app.execute("alter table audit_events add constraint full_disk check (operation <> 'replyToTicket') not valid")
        .await;

    let input = json!({ "ticketId": ticket, "body": "Hello" });
    let answer = manager.try_ticket("replyToTicket", input, "{ id }").await;

    assert_eq!(answer.code().as_deref(), Some("INTERNAL"));
    assert_eq!(app.value("select count(*) from ticket_messages").await, 0);
    assert_eq!(app.value("select count(*) from outbox_events where kind in ('added', 'replied')").await, 0);
}
