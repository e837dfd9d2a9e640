//! Deadlines that pass: they are reported once, to who should know, and not if they are met in time.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Person, TestApp, reader::Over};

const EVENTS: &str = "subscription ($after: String) {
    ticketEvents(after: $after, kinds: [FIRST_RESPONSE_OVERDUE, RESOLUTION_OVERDUE]) { cursor kind changed ticket { id } }
}";

/// An app whose worker has begun to read events.
async fn working() -> TestApp {
    let app = TestApp::new().await;
    app.work().await;
    app
}

/// Lets time pass, and the jobs of it run.
async fn pass(app: &TestApp, hours: i64) {
    app.work().await;
    app.clock.turn(TimeDelta::hours(hours) + TimeDelta::minutes(1));
    app.work().await;
}

async fn open(person: &Person, priority: &str) -> String {
    let input = json!({ "title": "Printer", "description": "Please help.", "priority": priority });
    person.change_ticket("openTicket", input, "{ id }").await["id"].as_str().unwrap().to_owned()
}

/// Bodies of the notifications of missed deadlines.
async fn notified(person: &Person) -> Vec<String> {
    let query = "{ notifications(filter: { kind: TICKET_OVERDUE }) { nodes { body linkPath subject { id } } } }";
    let found = person.ask(query, json!({})).await;
    let bodies = found["notifications"]["nodes"].as_array().unwrap().iter();
    bodies.map(|one| one["body"].as_str().unwrap().to_owned()).rev().collect()
}

const FIRST: &str = "The ticket has no first response yet.";
const RESOLUTION: &str = "The ticket is not resolved yet.";

#[tokio::test]
async fn each_deadline_that_passes_is_reported_once_to_all_administrators() {
    let app = working().await;
    let (manager, ada, bob) =
        (app.clinic("Oak").await.manager().await, app.administrator().await, app.administrator().await);
    let after = app.now().await;
    let ticket = open(&manager, "URGENT").await;

    pass(&app, 0).await;
    assert_eq!(notified(&ada).await, Vec::<String>::new());
    pass(&app, 1).await;
    pass(&app, 1).await;
    assert_eq!(notified(&ada).await, [FIRST]);
    // Another change of the ticket has its deadlines looked at anew.
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    app.work().await;
    // The time of sessions is the same, and they end after a day.
    pass(&app, 7).await;
    pass(&app, 7).await;

    for administrator in [&ada, &bob] {
        assert_eq!(notified(administrator).await, [FIRST, RESOLUTION]);
    }
    assert_eq!(notified(&manager).await, Vec::<String>::new());
    let mut reader = manager.listen(Over::Stream, EVENTS, Some(&after)).await;
    let (first, second) = (reader.event().await, reader.event().await);
    assert_eq!((&first["kind"], &second["kind"]), (&json!("FIRST_RESPONSE_OVERDUE"), &json!("RESOLUTION_OVERDUE")));
    assert_eq!(first["changed"], json!(["firstResponseMissedAt", "updatedAt", "version"]));
    assert_eq!(second["ticket"]["id"], ticket);
    let rows = "select count(*) from outbox_events where kind like '%_overdue'";
    assert_eq!(app.value(rows).await, 2);
    let now = ada.ticket(&ticket, "{ firstResponseMissedAt resolutionMissedAt }").await;
    assert!(now["firstResponseMissedAt"].is_string() && now["resolutionMissedAt"].is_string(), "{now}");
    let left = "select count(*) from jobs where kind in ('ticket_watch', 'ticket_first_response_due', 'ticket_resolution_due')";
    assert_eq!(app.value(left).await, 0);
}

#[tokio::test]
async fn the_assignee_alone_is_notified_while_they_are_an_active_administrator() {
    let app = working().await;
    let (manager, ada, bob) =
        (app.clinic("Oak").await.manager().await, app.administrator().await, app.administrator().await);
    let ticket = open(&manager, "URGENT").await;
    ada.assign_ticket(&ticket, &bob).await;

    pass(&app, 1).await;
    assert_eq!((notified(&ada).await, notified(&bob).await), (vec![], vec![FIRST.to_owned()]));

    app.execute(&format!("update users set status = 'suspended' where id = '{}'", bob.user_id)).await;
    pass(&app, 7).await;
    assert_eq!(notified(&ada).await, [RESOLUTION]);
}

#[tokio::test]
async fn a_deadline_that_is_met_is_not_reported() {
    let app = working().await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let (answered, closed) = (open(&manager, "URGENT").await, open(&manager, "URGENT").await);
    app.work().await;

    ada.reply(&answered, "We are on it.", false).await;
    manager.change_ticket_status(&closed, "CLOSED").await;
    pass(&app, 1).await;
    assert_eq!(notified(&ada).await, Vec::<String>::new());
    ada.bring_ticket_to(&answered, "RESOLVED").await;
    app.work().await;
    let waiting = "select count(*) from jobs where kind in ('ticket_first_response_due', 'ticket_resolution_due')";
    assert_eq!(app.value(waiting).await, 0);
    pass(&app, 8).await;

    assert_eq!(notified(&ada).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deadline_that_moves_is_reported_at_its_new_time() {
    let app = working().await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = open(&manager, "LOW").await;
    let prioritize = async |priority: &str| {
        let input = json!({ "ticketId": ticket, "priority": priority });
        ada.change_ticket("changeTicketPriority", input, "{ firstResponseMissedAt }").await
    };
    pass(&app, 2).await;
    assert_eq!(notified(&ada).await, Vec::<String>::new());

    // Due after one hour: it is late already.
    prioritize("URGENT").await;
    app.work().await;
    assert_eq!(notified(&ada).await, [FIRST]);
    // Due after eight hours: it can be late anew.
    let moved = prioritize("MEDIUM").await;
    app.work().await;
    assert_eq!(moved["firstResponseMissedAt"], Value::Null);
    pass(&app, 4).await;
    assert_eq!(notified(&ada).await, [FIRST]);
    pass(&app, 2).await;

    assert_eq!(notified(&ada).await, [FIRST, FIRST]);
}

#[tokio::test]
async fn tickets_that_came_without_an_event_are_found_in_the_night() {
    let app = working().await;
    let (oak, ada) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    app.execute(&format!(
        "insert into support_tickets (id, clinic_id, created_by_user_id, title, description, resolution_due_at)
         values (gen_random_uuid(), '{}', '{}', 'Imported', 'x', now())",
        oak.id, manager.user_id
    ))
    .await;

    app.work().await;
    assert_eq!(notified(&ada).await, Vec::<String>::new());
    app.clock.turn(TimeDelta::hours(23));
    app.work().await;
    app.clock.turn(TimeDelta::minutes(59));
    app.work().await;
    let ada = app.signed_in(ada.user_id, None).await;

    assert_eq!(notified(&ada).await, [RESOLUTION]);
}

#[tokio::test]
async fn tickets_are_listed_by_their_next_deadline() {
    let app = TestApp::new().await;
    let (oak, ada) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let (late, soon, answered, closed) = (
        open(&manager, "LOW").await,
        open(&manager, "URGENT").await,
        open(&manager, "HIGH").await,
        open(&manager, "URGENT").await,
    );
    let uuid = crate::harness::uuid(&late);
    app.execute(&format!(
        "update support_tickets set first_response_due_at = now() - interval '1 hour' where id = '{uuid}'"
    ))
    .await;
    ada.reply(&answered, "We are on it.", false).await;
    manager.change_ticket_status(&closed, "CLOSED").await;
    let list = async |filter: Value| {
        let query = "query ($filter: TicketFilter) {
            tickets(filter: $filter, order: { field: DUE_AT, direction: ASC }) { nodes { id } } }";
        let found = manager.ask(query, json!({ "filter": filter })).await;
        let ids = found["tickets"]["nodes"].as_array().unwrap().iter();
        ids.map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let in_hours = |hours: i64| (app.clock.now() + TimeDelta::hours(hours)).to_rfc3339();

    assert_eq!(list(json!({})).await, [&late, &soon, &answered, &closed].map(String::clone));
    assert_eq!(list(json!({ "overdue": true })).await, std::slice::from_ref(&late));
    assert_eq!(list(json!({ "overdue": false })).await, [&soon, &answered, &closed].map(String::clone));
    assert_eq!(list(json!({ "dueAt": { "from": in_hours(0) } })).await, [&soon, &answered].map(String::clone));
    assert_eq!(list(json!({ "dueAt": { "from": in_hours(0), "until": in_hours(2) } })).await, [soon]);
    assert_eq!(list(json!({ "dueAt": { "until": in_hours(0) } })).await, [late]);
}
