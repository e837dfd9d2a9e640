//! Notifications of what somebody may no longer read: they are not listed, counted, found, delivered or changed.

use clinigraph::{
    clinic::Clinic,
    kernel::{Id, actor::SystemRole},
    notification::{Notice, Recipients, Subject, notify},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::PLAIN;
use crate::{
    harness::{Person, TestApp},
    live::BOTH,
};

const LIST: &str = "{ notifications(filter: {}) { totalCount nodes { id body } } }";

/// A manager with two notifications of a ticket, the ids of these, and the administrator who replied.
async fn notified(app: &TestApp) -> (Person, Vec<Value>, Person, String, Uuid) {
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    ada.reply(&ticket, "One.", false).await;
    ada.reply(&ticket, "Two.", false).await;
    let list = manager.ask(LIST, json!({})).await;
    let ids = list["notifications"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    (manager, ids, ada, ticket, oak.id)
}

async fn become_role(app: &TestApp, person: &Person, role: SystemRole) {
    app.execute(&format!("update memberships set role = '{}' where user_id = '{}'", role.text(), person.user_id)).await;
}

#[tokio::test]
async fn who_may_no_longer_read_tickets_sees_no_notifications_of_them() {
    let app = TestApp::new().await;
    let (person, ids, ..) = notified(&app).await;
    assert_eq!((ids.len(), person.unread_count().await), (2, 2));
    let node = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";

    become_role(&app, &person, SystemRole::Clinician).await;

    assert_eq!(person.ask(LIST, json!({})).await["notifications"], json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(person.unread_count().await, 0);
    assert_eq!(person.ask(node, json!({ "id": ids[0] })).await, json!({ "node": null, "nodes": [null] }));
    become_role(&app, &person, SystemRole::Auditor).await;
    assert_eq!(person.ask(LIST, json!({})).await["notifications"]["totalCount"], 2, "they are there again");
    assert_eq!(person.ask(node, json!({ "id": ids[0] })).await["node"]["id"], ids[0]);
}

#[tokio::test]
async fn what_is_not_seen_is_not_marked_or_archived() {
    let app = TestApp::new().await;
    let (person, ids, ..) = notified(&app).await;
    become_role(&app, &person, SystemRole::Clinician).await;

    for mutation in ["markNotificationRead", "archiveNotification"] {
        let query = format!(
            "mutation ($id: ID!) {{ {mutation}(input: {{ notificationId: $id }}) {{ notification {{ id }} }} }}"
        );
        assert_eq!(person.fail(&query, json!({ "id": ids[0] })).await, "NOT_FOUND", "{mutation}");
    }
    let all = person.ask("mutation { markAllNotificationsRead { count } }", json!({})).await;

    assert_eq!(all["markAllNotificationsRead"]["count"], 0);
    let untouched =
        "select count(*) from notifications where read_at is null and archived_at is null and recipient_user_id = ";
    assert_eq!(app.value(&format!("{untouched} '{}'", person.user_id)).await, 2);
}

#[tokio::test]
async fn what_is_not_seen_is_not_delivered() {
    let app = TestApp::new().await;
    let (person, _, ada, ticket, clinic) = notified(&app).await;
    become_role(&app, &person, SystemRole::Clinician).await;
    // The server looks the person up again before they subscribe.
    assert_eq!(person.unread_count().await, 0);
    let after = app.now().await;
    let received = "subscription ($after: String) { notificationReceived(after: $after) { notification { body } } }";
    let mut readers = Vec::new();
    for over in BOTH {
        readers.push(person.listen(over, received, Some(&after)).await);
    }

    ada.reply(&ticket, "Three.", false).await;
    app.as_system(async |scope| {
        let notice = Notice {
            kind: &PLAIN,
            clinic: Some(clinic),
            subject: Subject::of(Id::<Clinic>::from_uuid(clinic)),
            link_path: None,
            values: vec![("title", "Clinic".into()), ("text", "About the clinic.".into())],
            cause: "the clinic".to_owned(),
            now: app.clock.now(),
        };
        notify(scope, Recipients::One(person.user_id), notice).await
    })
    .await;

    for reader in &mut readers {
        assert_eq!(reader.event().await, json!({ "notification": { "body": "About the clinic." } }));
    }
}
