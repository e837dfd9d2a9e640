//! Where a ticket stands and how much it presses, and what happens when two change it.

use clinigraph::{
    kernel::{actor::SystemRole, write::State},
    support::TicketStatus,
};
use serde_json::{Value, json};

use crate::harness::{TestApp, code};

const ALL: [TicketStatus; 5] =
    [TicketStatus::Open, TicketStatus::InProgress, TicketStatus::Waiting, TicketStatus::Resolved, TicketStatus::Closed];

fn spelled(status: TicketStatus) -> String {
    status.text().to_uppercase()
}

#[test]
fn the_machine_is_the_one_that_was_agreed() {
    let table: Vec<_> = ALL
        .map(|from| {
            format!("{} -> {}", spelled(from), from.next().iter().map(|to| spelled(*to)).collect::<Vec<_>>().join(" "))
        })
        .to_vec();

    insta::assert_snapshot!(table.join("\n"), @r#"
    OPEN -> IN_PROGRESS CLOSED
    IN_PROGRESS -> WAITING RESOLVED CLOSED
    WAITING -> IN_PROGRESS RESOLVED CLOSED
    RESOLVED -> IN_PROGRESS CLOSED
    CLOSED ->
    "#);
}

#[tokio::test]
async fn a_ticket_goes_where_the_machine_lets_it_and_nowhere_else() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;

    for from in ALL {
        for to in ALL {
            let ticket = manager.open_ticket("Printer").await;
            administrator.bring_ticket_to(&ticket, &spelled(from)).await;
            let before = administrator.ticket(&ticket, "{ version status }").await;

            let input = json!({ "ticketId": ticket, "status": spelled(to) });
            let answer = administrator.try_ticket("changeTicketStatus", input, "{ version status }").await;

            let shown = format!("{from:?} to {to:?}: {}", answer.body);
            if from == to {
                assert_eq!(answer.body["data"]["changeTicketStatus"]["ticket"], before, "{shown}");
            } else if from.next().contains(&to) {
                assert_eq!(answer.body["data"]["changeTicketStatus"]["ticket"]["status"], spelled(to), "{shown}");
            } else {
                assert_eq!(answer.code().as_deref(), Some("INVALID_TRANSITION"), "{shown}");
                assert_eq!(administrator.ticket(&ticket, "{ version status }").await, before, "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_transition_says_what_would_be_right() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;
    let to = |status: &str| json!({ "ticketId": ticket, "status": status });

    let open = administrator.refused("changeTicketStatus", to("RESOLVED")).await;
    administrator.bring_ticket_to(&ticket, "CLOSED").await;
    let closed = administrator.refused("changeTicketStatus", to("OPEN")).await;

    assert_eq!(open["message"], "a ticket cannot change from OPEN to RESOLVED, only to IN_PROGRESS or CLOSED");
    assert_eq!(closed["message"], "a ticket that is CLOSED cannot change its status; please open a new one");
}

#[tokio::test]
async fn times_follow_the_status() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;
    let go = async |status: &str| {
        let input = json!({ "ticketId": ticket, "status": status });
        let now = administrator.change_ticket("changeTicketStatus", input, "{ resolvedAt closedAt }").await;
        (now["resolvedAt"].is_string(), now["closedAt"].is_string())
    };

    assert_eq!(go("IN_PROGRESS").await, (false, false));
    assert_eq!(go("RESOLVED").await, (true, false));
    assert_eq!(go("IN_PROGRESS").await, (false, false), "not solved after all");
    assert_eq!(go("RESOLVED").await, (true, false));
    assert_eq!(go("CLOSED").await, (true, true), "closed as solved");
}

#[tokio::test]
async fn a_clinic_may_close_its_tickets_and_do_nothing_else_to_their_status() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let staff = oak.person(SystemRole::Staff).await;

    for status in ["OPEN", "IN_PROGRESS", "WAITING", "RESOLVED"] {
        let ticket = staff.open_ticket("Printer").await;
        let error = staff.refused("changeTicketStatus", json!({ "ticketId": ticket, "status": status })).await;
        assert_eq!(code(&error), "FORBIDDEN", "{status}");
    }
    let ticket = staff.open_ticket("Printer").await;
    let closed = staff
        .change_ticket("changeTicketStatus", json!({ "ticketId": ticket, "status": "CLOSED" }), "{ status }")
        .await;
    assert_eq!(closed, json!({ "status": "CLOSED" }));
}

#[tokio::test]
async fn what_is_due_moves_with_the_priority_counted_from_the_opening() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;

    let selection = "{ priority version createdAt firstResponseDueAt resolutionDueAt }";
    let input = json!({ "ticketId": ticket, "priority": "URGENT" });
    let pressed = administrator.change_ticket("changeTicketPriority", input.clone(), selection).await;
    let again = administrator.change_ticket("changeTicketPriority", input, selection).await;

    let time = |field: &str| chrono::DateTime::parse_from_rfc3339(pressed[field].as_str().unwrap()).unwrap();
    assert_eq!((&pressed["priority"], &pressed["version"]), (&json!("URGENT"), &json!(2)));
    assert_eq!((time("firstResponseDueAt") - time("createdAt")).num_hours(), 1);
    assert_eq!((time("resolutionDueAt") - time("createdAt")).num_hours(), 8);
    assert_eq!(again, pressed, "nothing changed");
}

#[tokio::test]
async fn who_saw_an_older_version_is_told_the_current_one() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;
    let changes = [
        ("assignTicket", json!({ "assigneeId": administrator.api_id() })),
        ("changeTicketStatus", json!({ "status": "IN_PROGRESS" })),
        ("changeTicketPriority", json!({ "priority": "LOW" })),
    ];

    for (at, (field, rest)) in changes.into_iter().enumerate() {
        let mut input = rest;
        input["ticketId"] = ticket.clone().into();
        for wrong in [0, at as i32 + 2] {
            input["expectedVersion"] = wrong.into();
            let error = administrator.refused(field, input.clone()).await;
            assert_eq!(code(&error), "STALE_OBJECT", "{field}");
            assert_eq!(error["extensions"]["currentVersion"], at + 1, "{field}");
        }
        input["expectedVersion"] = (at + 1).into();
        let now = administrator.change_ticket(field, input, "{ version }").await;
        assert_eq!(now["version"], at + 2, "{field}");
    }
}

#[tokio::test]
async fn of_many_who_saw_the_same_version_one_wins() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;

    let priorities = ["LOW", "HIGH", "URGENT"].into_iter().cycle().take(12);
    let changes = priorities.map(|priority| {
        let input = json!({ "ticketId": ticket, "priority": priority, "expectedVersion": 1 });
        administrator.try_ticket("changeTicketPriority", input, "{ version }")
    });
    let answers = futures_util::future::join_all(changes).await;

    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.code().is_none());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| answer.code().as_deref() == Some("STALE_OBJECT")));
    assert_eq!(administrator.ticket(&ticket, "{ version }").await["version"], Value::from(2));
}

#[tokio::test]
async fn a_ticket_reports_what_its_caller_may_do_and_that_holds() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (administrator, manager, auditor) =
        (app.administrator().await, oak.manager().await, oak.person(SystemRole::Auditor).await);
    let fields = "{ nextStatuses viewerCanReply viewerCanClose viewerCanAddNote viewerCanManage }";

    for status in ALL {
        for person in [&administrator, &manager, &auditor] {
            let ticket = manager.open_ticket("Printer").await;
            administrator.bring_ticket_to(&ticket, &spelled(status)).await;
            let reported = person.ticket(&ticket, fields).await;

            let mut next = Vec::new();
            for to in ALL.into_iter().filter(|to| *to != status) {
                let other = manager.open_ticket("Printer").await;
                administrator.bring_ticket_to(&other, &spelled(status)).await;
                let input = json!({ "ticketId": other, "status": spelled(to) });
                if person.try_ticket("changeTicketStatus", input, "{ id }").await.code().is_none() {
                    next.push(spelled(to));
                }
            }
            let assigned = person.try_ticket("unassignTicket", json!({ "ticketId": ticket }), "{ id }");
            let assigned = assigned.await.code().is_none();
            let note = json!({ "ticketId": ticket, "body": "Aside", "isInternal": true });
            let noted = person.try_ticket("replyToTicket", note, "{ isInternal }").await;
            let replied =
                person.try_ticket("replyToTicket", json!({ "ticketId": ticket, "body": "Hello" }), "{ id }").await;

            next.sort_by_key(|name| ALL.iter().position(|status| spelled(*status) == *name));
            let mut shown: Vec<&str> =
                reported["nextStatuses"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            shown.sort_by_key(|name| ALL.iter().position(|status| spelled(*status) == *name));
            assert_eq!(shown, next, "{status:?}");
            assert_eq!(reported["viewerCanClose"], next.contains(&"CLOSED".to_owned()), "{status:?}");
            assert_eq!(reported["viewerCanReply"], replied.code().is_none(), "{status:?}");
            assert_eq!(reported["viewerCanManage"], assigned, "{status:?}");
            let internal = noted.body["data"]["replyToTicket"]["message"]["isInternal"] == true;
            assert_eq!(reported["viewerCanAddNote"], internal, "{status:?}");
        }
    }
}
