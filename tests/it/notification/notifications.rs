//! Who is notified of what, live and in the list; never the person who did it.

use clinigraph::{
    kernel::Id,
    notification::{Notice, Recipients, Subject, notify},
    support::Ticket,
};
use serde_json::{Value, json};

use super::PLAIN;
use crate::{
    harness::{Person, TestApp, reader::Over},
    live::{BOTH, cursor},
};

const RECEIVED: &str = "subscription ($after: String) {
    notificationReceived(after: $after) { cursor notification { id kind title body linkPath read readAt archivedAt } }
}";

/// The notifications of a person, oldest first: kind and body.
async fn received(person: &Person) -> Vec<(String, String)> {
    let text = |node: &Value, name: &str| node[name].as_str().unwrap().to_owned();
    let nodes = person.notifications(json!({})).await;
    nodes.iter().rev().map(|node| (text(node, "kind"), text(node, "body"))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(kind, body)| ((*kind).to_owned(), (*body).to_owned())).collect()
}

const CREATED: &str = "TICKET_CREATED";
const REPLY: &str = "TICKET_REPLY";
const STATUS: &str = "TICKET_STATUS_CHANGED";

#[tokio::test]
async fn a_new_ticket_notifies_every_active_administrator_and_nobody_else() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, colleague) = (oak.manager().await, oak.manager().await);
    let (ada, linus, suspended) = (app.administrator().await, app.administrator().await, app.administrator().await);
    app.execute(&format!("update users set status = 'suspended' where id = '{}'", suspended.user_id)).await;

    manager.open_ticket("Printer").await;

    for administrator in [&ada, &linus] {
        assert_eq!(received(administrator).await, pairs(&[(CREATED, "Please help.")]));
    }
    for person in [&manager, &colleague] {
        assert_eq!(received(person).await, []);
    }
    assert_eq!(app.value("select count(*) from notifications").await, 2);
    // An administrator who opens one does not notify themselves.
    let input = json!({ "title": "Scanner", "description": "For them.", "clinicId": oak.api_id() });
    ada.change_ticket("openTicket", input, "{ id }").await;
    assert_eq!(received(&ada).await.len(), 1);
    assert_eq!(received(&linus).await.len(), 2);
}

#[tokio::test]
async fn an_administrators_reply_notifies_the_author_of_the_ticket() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, colleague, ada, linus) =
        (oak.manager().await, oak.manager().await, app.administrator().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;

    ada.reply(&ticket, "We look.", false).await;
    ada.reply(&ticket, "Between us.", true).await;

    assert_eq!(received(&manager).await, pairs(&[(REPLY, "We look.")]));
    assert_eq!(received(&colleague).await, []);
    for administrator in [&ada, &linus] {
        assert_eq!(received(administrator).await, pairs(&[(CREATED, "Please help.")]));
    }
}

#[tokio::test]
async fn a_clinics_reply_notifies_the_assignee_or_else_all_administrators() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, colleague, ada, linus) =
        (oak.manager().await, oak.manager().await, app.administrator().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;

    colleague.reply(&ticket, "To all.", false).await;
    ada.assign_ticket(&ticket, &linus).await;
    manager.reply(&ticket, "To one.", false).await;
    ada.unassign_ticket(&ticket).await;
    manager.reply(&ticket, "To all again.", true).await;

    let all = [(CREATED, "Please help."), (REPLY, "To all."), (REPLY, "To all again.")];
    assert_eq!(received(&ada).await, pairs(&all), "what a clinic writes is never an internal note");
    assert_eq!(received(&linus).await, pairs(&[all[0], all[1], (REPLY, "To one."), all[2]]));
    for person in [&manager, &colleague] {
        assert_eq!(received(person).await, []);
    }
}

#[tokio::test]
async fn a_change_of_status_notifies_the_author_of_the_ticket_unless_they_made_it() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, colleague, ada) = (oak.manager().await, oak.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;

    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    colleague.change_ticket_status(&ticket, "CLOSED").await;
    let own = manager.open_ticket("Scanner").await;
    manager.change_ticket_status(&own, "CLOSED").await;

    assert_eq!(received(&manager).await, pairs(&[(STATUS, "Printer"), (STATUS, "Printer")]));
    assert_eq!(received(&colleague).await, []);
    assert!(received(&ada).await.iter().all(|(kind, _)| kind == CREATED));
}

#[tokio::test]
async fn a_received_notification_is_the_one_in_the_list() {
    let app = TestApp::new().await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    let after = app.now().await;
    let mut readers = Vec::new();
    for over in BOTH {
        readers.push(manager.listen(over, RECEIVED, Some(&after)).await);
    }
    let mut own = ada.listen(Over::Stream, RECEIVED, Some(&after)).await;

    ada.reply(&ticket, "We look.", false).await;
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;

    for reader in &mut readers {
        let first = reader.event().await;
        let one = &first["notification"];
        assert_eq!((&one["kind"], &one["body"], &one["read"]), (&json!(REPLY), &json!("We look."), &json!(false)));
        assert_eq!(one["linkPath"], format!("/tickets/{ticket}"));
        assert_eq!((&one["readAt"], &one["archivedAt"]), (&Value::Null, &Value::Null));
        assert!(one["title"].as_str().unwrap().contains("Printer"));
        assert_eq!(reader.event().await["notification"]["kind"], STATUS);
        // And it can be resumed between the two.
        let mut resumed = manager.listen(Over::Stream, RECEIVED, Some(&cursor(&first))).await;
        assert_eq!(resumed.event().await["notification"]["kind"], STATUS);
    }
    manager.reply(&ticket, "Thanks.", false).await;
    assert_eq!(
        own.event().await["notification"]["body"],
        "Thanks.",
        "they are not notified of what they did themselves"
    );
}

#[tokio::test]
async fn nobody_is_notified_twice_of_one_cause() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let ticket: Id<Ticket> = ticket.parse().unwrap();
    for _ in 0..2 {
        app.as_system(async |scope| {
            let notice = Notice {
                kind: &PLAIN,
                clinic: Some(oak.id),
                subject: Subject::of(ticket),
                link_path: None,
                values: vec![("title", "Reply".into()), ("text", "Once.".into())],
                cause: "this very reply".to_owned(),
                now: app.clock.now(),
            };
            notify(scope, Recipients::One(manager.user_id), notice).await
        })
        .await;
    }

    assert_eq!(received(&manager).await, pairs(&[(REPLY, "Once.")]));
    assert_eq!(manager.unread_count().await, 1);
}

#[tokio::test]
async fn a_person_with_two_clinics_receives_notifications_of_the_acting_clinic() {
    let app = TestApp::new().await;
    let (oak, elm, ada) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let in_oak = oak.manager().await;
    elm.join(in_oak.user_id, clinigraph::kernel::actor::SystemRole::ClinicManager).await;
    let in_elm = app.signed_in(in_oak.user_id, Some(elm.id)).await;
    let tickets = [in_oak.open_ticket("Oak").await, in_elm.open_ticket("Elm").await];
    let mut readers =
        [in_oak.listen(Over::Stream, RECEIVED, None).await, in_elm.listen(Over::Stream, RECEIVED, None).await];

    ada.reply(&tickets[0], "to Oak", false).await;
    ada.reply(&tickets[1], "to Elm", false).await;

    for (reader, body) in readers.iter_mut().zip(["to Oak", "to Elm"]) {
        assert_eq!(reader.event().await["notification"]["body"], body);
    }
    ada.reply(&tickets[0], "again to Oak", false).await;
    assert_eq!(readers[0].event().await["notification"]["body"], "again to Oak");
}
