//! What people do with their notifications.

use serde_json::{Value, json};

use crate::harness::Person;

impl Person {
    /// Subscribes a browser, which gets nothing; returns the id of the subscription.
    pub async fn subscribe_browser(&self) -> String {
        let key = format!("BA{}", "A".repeat(85));
        let input = json!({ "endpoint": "http://127.0.0.1:9/x", "publicKey": key, "secret": "A".repeat(22) });
        let payload = self.change("subscribeToPush", input, "{ pushSubscription { id } }").await;
        payload["pushSubscription"]["id"].as_str().unwrap().to_owned()
    }

    /// Number of unread notifications.
    pub async fn unread_count(&self) -> i64 {
        let data = self.ask("{ viewer { unreadNotificationCount } }", json!({})).await;
        data["viewer"]["unreadNotificationCount"].as_i64().unwrap()
    }

    /// The notifications that a filter leaves, newest first.
    pub async fn notifications(&self, filter: Value) -> Vec<Value> {
        let query = "query ($filter: NotificationFilter) { notifications(filter: $filter, first: 100) {
            totalCount nodes { id kind body read readAt archivedAt }
        } }";
        let mut page = self.ask(query, json!({ "filter": filter })).await["notifications"].take();
        let Value::Array(nodes) = page["nodes"].take() else { panic!("{page}") };
        assert_eq!(page["totalCount"], nodes.len());
        nodes
    }

    /// Marks a notification as read or archives it, by the name of the mutation; returns the notification.
    pub async fn change_notification(&self, mutation: &str, id: &Value) -> Value {
        let selection = "{ notification { id read archivedAt } viewer { unreadNotificationCount } }";
        let mut payload = self.change(mutation, json!({ "notificationId": id }), selection).await;
        assert_eq!(payload["viewer"]["unreadNotificationCount"], self.unread_count().await);
        payload["notification"].take()
    }
}
