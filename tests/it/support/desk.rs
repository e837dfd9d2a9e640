//! What the support desk looks at: ages, deadlines, assignees, how long tickets take, and who can be assigned to one.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::{Person, TestApp, code, uuid};

/// Opens a ticket and changes its row as superuser.
async fn ticket(app: &TestApp, person: &Person, set: &str) -> String {
    let ticket = person.open_ticket("Printer").await;
    if !set.is_empty() {
        app.execute(&format!("update support_tickets set {set} where id = '{}'", uuid(&ticket))).await;
    }
    ticket
}

#[tokio::test]
async fn tickets_are_counted_by_age_deadline_and_assignee() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let manager = oak.manager().await;
    ticket(&app, &elm.manager().await, "").await;
    let new = ticket(&app, &manager, "").await;
    ticket(&app, &manager, "created_at = now() - interval '2 days', first_response_due_at = now() - interval '1 hour'")
        .await;
    ticket(&app, &manager, "created_at = now() - interval '6 days'").await;
    ticket(&app, &manager, "created_at = now() - interval '8 days', status = 'waiting'").await;
    ticket(&app, &manager, "created_at = now() - interval '90 days'").await;
    ticket(&app, &manager, "created_at = now() - interval '90 days', status = 'closed', closed_at = now()").await;
    administrator.assign_ticket(&new, &administrator).await;

    let query = "query ($clinic: ID) { ticketCounts(filter: { clinicId: $clinic }) {
        total byAge { age count } byOverdue { overdue count } byAssignee { assigneeId count } } }";
    let seen = manager.ask(query, json!({})).await["ticketCounts"].take();

    assert_eq!(
        seen,
        json!({
            "total": 6,
            "byAge": [
                { "age": "UNDER_ONE_DAY", "count": 1 }, { "age": "ONE_TO_THREE_DAYS", "count": 1 },
                { "age": "THREE_TO_SEVEN_DAYS", "count": 1 }, { "age": "SEVEN_TO_THIRTY_DAYS", "count": 1 },
                { "age": "OVER_THIRTY_DAYS", "count": 1 },
            ],
            "byOverdue": [{ "overdue": false, "count": 5 }, { "overdue": true, "count": 1 }],
            "byAssignee": [{ "assigneeId": administrator.api_id(), "count": 1 }],
        })
    );
    let of_oak = administrator.ask(query, json!({ "clinic": oak.api_id() })).await;
    assert_eq!(of_oak["ticketCounts"], seen, "an administrator sees the same of this clinic");
}

const TIMES: &str = "query ($clinic: ID, $range: DateTimeRange) { ticketTimes(clinicId: $clinic, createdAt: $range) {
    firstResponse { count missed averageSeconds medianSeconds ninetiethPercentileSeconds }
    resolution { count missed averageSeconds medianSeconds ninetiethPercentileSeconds }
    oldestOpenTicket { id } } }";

#[tokio::test]
async fn the_times_of_tickets_are_those_of_the_clinic_and_the_range() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let (manager, other) = (oak.manager().await, elm.manager().await);
    let day = "created_at = '2026-03-02T00:00:00Z', first_response_due_at = '2026-03-02T08:00:00Z', resolution_due_at = '2026-03-05T00:00:00Z'";
    // Answered after one to ten hours, so the last two were late; the first nine resolved after a day, the last closed late.
    for hours in 1..=10 {
        let closed = if hours == 10 {
            "status = 'closed', closed_at = '2026-03-06T00:00:00Z'"
        } else {
            "status = 'resolved', resolved_at = '2026-03-03T00:00:00Z'"
        };
        ticket(&app, &manager, &format!("{day}, first_responded_at = '2026-03-02T{hours:02}:00:00Z', {closed}")).await;
    }
    let open = ticket(&app, &manager, day).await;
    ticket(&app, &manager, "").await;
    ticket(&app, &other, &format!("{day}, first_responded_at = '2026-03-02T07:00:00Z'")).await;
    let march = json!({ "from": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z" });

    let seen = manager.ask(TIMES, json!({ "range": march })).await["ticketTimes"].take();

    let hour = 3600;
    assert_eq!(
        seen,
        json!({
            "firstResponse": {
                "count": 10, "missed": 3, "averageSeconds": hour * 11 / 2, "medianSeconds": hour * 11 / 2,
                "ninetiethPercentileSeconds": hour * 91 / 10,
            },
            "resolution": {
                "count": 10, "missed": 2, "averageSeconds": (9 * 24 + 96) * hour / 10, "medianSeconds": 24 * hour,
                "ninetiethPercentileSeconds": 24 * hour + 72 * hour / 10,
            },
            "oldestOpenTicket": { "id": open },
        })
    );
    let all = administrator.ask(TIMES, json!({ "range": march })).await["ticketTimes"]["firstResponse"].take();
    assert_eq!((&all["count"], &all["missed"]), (&json!(11), &json!(3)));
    let of_oak = administrator.ask(TIMES, json!({ "range": march, "clinic": oak.api_id() })).await;
    assert_eq!(of_oak["ticketTimes"], seen);
    let empty = elm
        .manager()
        .await
        .ask(TIMES, json!({ "range": { "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z" } }))
        .await;
    let none = json!({ "count": 0, "missed": 0, "averageSeconds": null, "medianSeconds": null, "ninetiethPercentileSeconds": null });
    assert_eq!(empty["ticketTimes"]["resolution"], none);
}

#[tokio::test]
async fn a_range_of_time_is_checked() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    for range in [
        json!({ "from": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z" }),
        json!({ "from": "2024-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z" }),
    ] {
        assert_eq!(manager.fail(TIMES, json!({ "range": range })).await, "INVALID_INPUT", "{range}");
    }
    assert_eq!(manager.fail(TIMES, json!({ "clinic": elm.api_id() })).await, "NOT_FOUND");
    assert_eq!(manager.ask(TIMES, json!({})).await["ticketTimes"]["oldestOpenTicket"], Value::Null);
    let clinician = oak.person(SystemRole::Clinician).await;
    assert_eq!(clinician.fail(TIMES, json!({})).await, "FORBIDDEN");
}

#[tokio::test]
async fn active_administrators_can_be_assigned() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let bea = app.user("Bea", true).await;
    let suspended = app.user("Cy", true).await;
    app.user("Dee", false).await;
    app.execute(&format!("update users set status = 'suspended' where id = '{suspended}'")).await;
    let query = "query ($first: Int, $after: String) { assignableAdministrators(first: $first, after: $after) {
        nodes { id displayName } pageInfo { endCursor hasNextPage } } }";

    let all = administrator.ask(query, json!({})).await["assignableAdministrators"].take();
    let first = administrator.ask(query, json!({ "first": 1 })).await["assignableAdministrators"].take();
    let after = json!({ "first": 1, "after": first["pageInfo"]["endCursor"] });
    let second = administrator.ask(query, after).await["assignableAdministrators"].take();

    let names: Vec<_> =
        all["nodes"].as_array().unwrap().iter().map(|user| user["displayName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ada Tester", "Bea Tester"]);
    assert_eq!((&first["nodes"][0], &second["nodes"][0]), (&all["nodes"][0], &all["nodes"][1]));
    let ticket = manager.open_ticket("Printer").await;
    let assign = |to: uuid::Uuid| json!({ "ticketId": ticket, "assigneeId": to });
    administrator.change("assignTicket", assign(bea), "{ ticket { id } }").await;
    assert_eq!(code(&administrator.refused("assignTicket", assign(suspended)).await), "INVALID_INPUT");
    assert_eq!(manager.fail(query, json!({})).await, "FORBIDDEN");
}
