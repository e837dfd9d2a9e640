//! Internal notes never show to a clinic: neither in lists and counts, nor on their ticket, nor as an event, nor by the
//! distance between two events.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    harness::{Person, TestApp, reader::Over, uuid},
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

const MESSAGES_OF_TICKET: &str =
    "query ($ticket: ID!, $first: Int, $after: String, $last: Int, $before: String) { ticket(id: $ticket) {
    updatedAt version firstRespondedAt
    messages(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { id body isInternal } } nodes { body }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

fn bodies(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["body"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_manager_never_sees_an_internal_note() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let ticket = manager.open_ticket("Printer").await;
    let mut notes = Vec::new();
    for place in 0..3 {
        notes.push(administrator.reply(&ticket, "A note.", true).await);
        manager.reply(&ticket, &format!("Word {place}."), false).await;
    }
    notes.push(administrator.reply(&ticket, "A note.", true).await);
    let ask = async |window: Value| {
        let mut variables = window;
        variables["ticket"] = json!(ticket);
        manager.ask(MESSAGES_OF_TICKET, variables).await["ticket"]["messages"].clone()
    };

    let (all, one, rest) = (ask(json!({})).await, ask(json!({ "first": 1 })).await, ask(json!({ "first": 3 })).await);
    let after = ask(json!({ "first": 1, "after": one["pageInfo"]["endCursor"] })).await;
    let oldest = ask(json!({ "last": 1 })).await;
    let before = ask(json!({ "last": 2, "before": oldest["pageInfo"]["startCursor"] })).await;

    assert_eq!(bodies(&all), ["Word 2.", "Word 1.", "Word 0."]);
    for page in [&all, &one, &rest, &after, &oldest, &before] {
        assert_eq!(page["totalCount"], 3);
        assert!(!page.to_string().contains("A note."), "{page}");
        assert!(page["edges"].as_array().unwrap().iter().all(|edge| edge["node"]["isInternal"] == false));
    }
    assert_eq!((bodies(&one), &one["pageInfo"]["hasNextPage"]), (vec!["Word 2."], &json!(true)));
    assert_eq!(
        (bodies(&rest), &rest["pageInfo"]["hasNextPage"]),
        (vec!["Word 2.", "Word 1.", "Word 0."], &json!(false))
    );
    assert_eq!(bodies(&after), ["Word 1."]);
    assert_eq!((bodies(&oldest), &oldest["pageInfo"]["hasPreviousPage"]), (vec!["Word 0."], &json!(true)));
    assert_eq!((bodies(&before), &before["pageInfo"]["hasPreviousPage"]), (vec!["Word 2.", "Word 1."], &json!(false)));
    let by_id = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(manager.ask(by_id, json!({ "ids": notes })).await, json!({ "nodes": [null, null, null, null] }));
    assert_eq!(
        administrator.ask(MESSAGES_OF_TICKET, json!({ "ticket": ticket })).await["ticket"]["messages"]["totalCount"],
        7
    );
}

#[tokio::test]
async fn an_internal_note_does_not_show_on_its_ticket() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let (older, newer) = (manager.open_ticket("Printer").await, manager.open_ticket("Telephone").await);
    let document = "{ tickets(order: { field: UPDATED_AT, direction: DESC }) { totalCount edges { cursor }
        nodes { id status updatedAt version firstRespondedAt messages { totalCount pageInfo { startCursor endCursor hasNextPage } } } } }";
    let before = manager.ask(document, json!({})).await;

    let note = administrator.reply(&older, "A note.", true).await;

    assert_eq!(manager.ask(document, json!({})).await, before);
    assert_eq!(before["tickets"]["nodes"][0]["id"], json!(newer));
    assert_eq!(
        manager.ask("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": note })).await,
        json!({ "node": null })
    );
    let audience = format!("select audience from outbox_events where subject_id = '{}'", uuid(&note));
    assert_eq!(app.value(&audience).await, "platform");
}
