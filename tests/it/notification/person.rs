//! What people do with their notifications.

use serde_json::{Value, json};

use crate::harness::Person;

impl Person {
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
