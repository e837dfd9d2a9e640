//! Internal notes never show to a clinic: neither as an event, nor by the distance between two events.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    harness::{Person, TestApp, reader::Over},
    live::{ACTIVITY, BOTH, TICKETS, cursor},
};

const MESSAGES: &str = "subscription ($ticket: ID!, $after: String) {
    ticketMessageAdded(ticketId: $ticket, after: $after) { eventId cursor changed message { id body isInternal } }
}";
const COUNTS: &str = "subscription ($after: String) { unreadNotificationCountChanged(after: $after) { cursor count } }";
const RECEIVED: &str =
    "subscription ($after: String) { notificationReceived(after: $after) { cursor notification { title body } } }";

#[tokio::test]
async fn no_subscription_delivers_an_internal_note_to_a_clinic() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let after = app.now().await;
    let subscriptions = [ACTIVITY, TICKETS, MESSAGES, COUNTS, RECEIVED];
    let mut readers = Vec::new();
    for (query, over) in subscriptions.iter().flat_map(|query| BOTH.map(|over| (query, over))) {
        let variables = json!({ "ticket": ticket, "clinic": oak.api_id(), "after": after });
        readers.push(manager.listen_to(over, query, used(query, variables)).await);
    }
    let mut theirs = administrator.listen_to(Over::Socket, MESSAGES, json!({ "ticket": ticket, "after": after })).await;

    administrator.reply(&ticket, "note", true).await;
    administrator.reply(&ticket, "answer", false).await;

    assert_eq!(theirs.event().await["message"]["isInternal"], true, "administrators receive it");
    assert_eq!(theirs.event().await["message"]["body"], "answer");
    for reader in &mut readers {
        // The first event of each subscription is that of the answer.
        let event = reader.event().await;
        let text = event.to_string();
        assert!(!text.contains("note\"") && !text.contains("null"), "{text}");
        if event.get("subject").is_some() {
            assert_eq!(event["kind"], "TICKET_MESSAGE_ADDED");
        }
        if event.get("count").is_some() {
            assert_eq!(event["count"], 1);
        }
    }
}

/// Variables that the document has.
fn used(query: &str, variables: Value) -> Value {
    let all = variables.as_object().unwrap().iter();
    all.filter(|(name, _)| query.contains(&format!("${name}:")))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The events of a clinic while a number of notes is written between two tickets.
async fn events_around(app: &TestApp, notes: usize) -> Vec<Value> {
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("first").await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
    for _ in 0..4 {
        manager.open_ticket("next").await;
        for _ in 0..notes {
            administrator.reply(&ticket, "note", true).await;
        }
    }
    reader.events(4).await
}

#[tokio::test]
async fn ids_and_cursors_do_not_reveal_the_number_of_events_between() {
    let app = TestApp::new().await;
    let quiet = events_around(&app, 0).await;
    let busy = events_around(&app, 3).await;

    let all: Vec<&Value> = quiet.iter().chain(&busy).collect();
    let bytes = |event: &Value| URL_SAFE_NO_PAD.decode(cursor(event)).unwrap();
    for (at, one) in all.iter().enumerate() {
        assert_eq!((bytes(one).len(), one["eventId"].as_str().unwrap().len()), (16, "event_".len() + 26));
        for other in &all[..at] {
            // Most bytes of numbers that are so close would be the same.
            let alike = bytes(one).iter().zip(bytes(other)).filter(|(one, other)| *one == other).count();
            assert!(alike < 8, "{one} {other}");
        }
    }
    let numbers = app.rows("select id from outbox_events").await;
    for event in all {
        let text = event.to_string();
        let mut bytes = bytes(event);
        bytes.truncate(8);
        assert!(!numbers.iter().any(|row| bytes == row["id"].as_i64().unwrap().to_be_bytes()), "{text}");
    }
}

#[tokio::test]
async fn nothing_a_clinic_can_read_counts_internal_notes() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let look = async |person: &Person| {
        let query = "query ($id: ID!) {
            viewer { unreadNotificationCount }
            notifications { totalCount }
            tickets { totalCount nodes { version updatedAt firstRespondedAt messages { totalCount nodes { id } } } }
            ticket(id: $id) { version updatedAt messages(first: 1) { totalCount pageInfo { hasNextPage } } }
        }";
        person.ask(query, json!({ "id": ticket })).await
    };
    let before = look(&manager).await;

    for _ in 0..3 {
        administrator.reply(&ticket, "note", true).await;
    }

    assert_eq!(look(&manager).await, before);
    assert_eq!(look(&administrator).await["ticket"]["messages"]["totalCount"], 3);
}
