//! Subscriptions: what is delivered, to whom, in which order, and how it goes on when something breaks.

mod authorisation;
pub mod cases;
mod declared;
mod order;
mod processes;
mod resume;
mod retained;
mod slow;

use serde_json::{Value, json};

use crate::harness::{
    Person, TestApp, names_of_events,
    reader::{EventReader, Over, Subscription},
};

pub const BOTH: [Over; 2] = [Over::Socket, Over::Stream];

pub const TICKETS: &str = "subscription ($after: String) {
    ticketEvents(after: $after) { eventId cursor occurredAt kind changed ticket { id title status } }
}";
pub const ACTIVITY: &str = "subscription ($clinic: ID, $after: String) {
    clinicActivity(clinicId: $clinic, after: $after) { eventId cursor occurredAt kind changed subject { __typename id } }
}";

impl Person {
    /// Listens; with a cursor, from there on.
    pub async fn listen(&self, over: Over, query: &str, after: Option<&str>) -> EventReader {
        self.listen_to(over, query, json!({ "after": after })).await
    }

    pub async fn listen_to(&self, over: Over, query: &str, variables: Value) -> EventReader {
        let to = Subscription { query, variables, last_event_id: None };
        EventReader::open(self.address(), self.token.as_deref(), over, to).await
    }
}

impl TestApp {
    /// The cursor of the newest event there is.
    pub async fn now(&self) -> String {
        let newest = self.value("select coalesce(max(id), 0) from outbox_events").await;
        names_of_events().cursor(newest.as_i64().unwrap())
    }

    /// Ends connections to the database; returns their number.
    async fn cut(&self, application: &str) -> i64 {
        let cut = format!(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and application_name = '{application}'"
        );
        self.value(&cut).await.as_i64().unwrap()
    }
}

/// The cursor of an event that was delivered.
pub fn cursor(event: &Value) -> String {
    event["cursor"].as_str().unwrap().to_owned()
}

pub fn titles(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["ticket"]["title"].as_str().unwrap()).collect()
}
