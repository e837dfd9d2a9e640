//! The number of unread notifications, queried and live: marking one as read, marking all, archiving.

use serde_json::{Value, json};

use crate::{
    harness::{Person, TestApp, reader::Over},
    live::BOTH,
};

const COUNTS: &str =
    "subscription ($after: String) { unreadNotificationCountChanged(after: $after) { eventId cursor changed count } }";

/// A manager who was notified of two replies and a change of status, and the administrator who did that.
async fn notified_three_times(app: &TestApp) -> (Person, Person) {
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    ada.reply(&ticket, "One.", false).await;
    ada.reply(&ticket, "Two.", false).await;
    ada.change_ticket_status(&ticket, "IN_PROGRESS").await;
    (manager, ada)
}

#[tokio::test]
async fn every_window_receives_the_count_after_reading_and_archiving() {
    let app = TestApp::new().await;
    let (manager, ada) = notified_three_times(&app).await;
    assert_eq!(manager.unread_count().await, 3);
    let after = app.now().await;
    let mut windows = Vec::new();
    for over in BOTH {
        windows.push(manager.listen(over, COUNTS, Some(&after)).await);
    }
    let all = manager.notifications(json!({})).await;

    assert_eq!(manager.change_notification("markNotificationRead", &all[0]["id"]).await["read"], true);
    for window in &mut windows {
        let event = window.event().await;
        assert_eq!((&event["count"], &event["changed"]), (&json!(2), &json!(["read", "readAt"])));
    }
    // The second time changes nothing, and writes no event.
    manager.change_notification("markNotificationRead", &all[0]["id"]).await;
    assert!(manager.change_notification("archiveNotification", &all[1]["id"]).await["archivedAt"].is_string());
    for window in &mut windows {
        let event = window.event().await;
        assert_eq!((&event["count"], &event["changed"]), (&json!(1), &json!(["archivedAt"])));
    }
    let all_read = "mutation { markAllNotificationsRead { count viewer { unreadNotificationCount } } }";
    let payload = manager.ask(all_read, json!({})).await["markAllNotificationsRead"].take();
    assert_eq!(payload, json!({ "count": 2, "viewer": { "unreadNotificationCount": 0 } }));
    for window in &mut windows {
        assert_eq!(window.event().await["count"], 0);
    }
    assert_eq!(manager.unread_count().await, 0);
    assert_eq!(ada.unread_count().await, 1, "the notifications of others are unchanged");
}

#[tokio::test]
async fn a_new_notification_changes_the_count_at_once() {
    let app = TestApp::new().await;
    let (manager, ada) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let mut window = ada.listen(Over::Stream, COUNTS, None).await;
    manager.open_ticket("Printer").await;
    assert_eq!(window.event().await["count"], 1);
    manager.open_ticket("Scanner").await;
    assert_eq!(window.event().await["count"], 2);
}

#[tokio::test]
async fn the_list_is_filtered_by_read_kind_and_archived() {
    let app = TestApp::new().await;
    let (manager, _) = notified_three_times(&app).await;
    let all = manager.notifications(json!({})).await;
    manager.change_notification("markNotificationRead", &all[0]["id"]).await;
    manager.change_notification("archiveNotification", &all[1]["id"]).await;

    let ids = |nodes: Vec<Value>| nodes.into_iter().map(|node| node["id"].clone()).collect::<Vec<_>>();
    let id = |place: usize| all[place]["id"].clone();
    assert_eq!(ids(manager.notifications(json!({})).await), [id(0), id(2)]);
    for absent in [Value::Null, json!({ "archived": null }), json!({ "archived": false })] {
        assert_eq!(ids(manager.notifications(absent).await), [id(0), id(2)]);
    }
    assert_eq!(ids(manager.notifications(json!({ "archived": true })).await), [id(1)]);
    assert_eq!(ids(manager.notifications(json!({ "read": true })).await), [id(0)]);
    assert_eq!(ids(manager.notifications(json!({ "read": false })).await), [id(2)]);
    assert_eq!(ids(manager.notifications(json!({ "kind": "TICKET_STATUS_CHANGED" })).await), [id(0)]);
    let replies = json!({ "kind": ["TICKET_REPLY", "TICKET_CREATED"], "archived": true });
    assert_eq!(ids(manager.notifications(replies).await), [id(1)]);
}

#[tokio::test]
async fn nobody_marks_or_archives_the_notifications_of_others() {
    let app = TestApp::new().await;
    let (manager, ada) = notified_three_times(&app).await;
    let theirs = manager.notifications(json!({})).await;

    for mutation in ["markNotificationRead", "archiveNotification"] {
        let query = format!(
            "mutation ($id: ID!) {{ {mutation}(input: {{ notificationId: $id }}) {{ notification {{ id }} }} }}"
        );
        let answer = ada.send(&query, json!({ "id": theirs[0]["id"] })).await;
        assert_eq!(answer.code().as_deref(), Some("NOT_FOUND"), "{mutation}");
    }
    assert_eq!(manager.unread_count().await, 3);
}
