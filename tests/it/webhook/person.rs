//! What people do with webhooks.

use serde_json::{Value, json};

use crate::harness::Person;

/// An endpoint that was created.
pub struct Webhook {
    pub id: String,
    pub secret: String,
}

impl Person {
    /// Creates an endpoint; `more` has further fields of the input.
    pub async fn create_webhook(&self, url: &str, more: Value) -> Webhook {
        let mut input = json!({ "url": url });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.change("createWebhookEndpoint", input, "{ secret webhookEndpoint { id } }").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Webhook { id: text(&made["webhookEndpoint"]["id"]), secret: text(&made["secret"]) }
    }

    /// Reads an endpoint.
    pub async fn webhook(&self, id: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ webhookEndpoint(id: $id) {selection} }}");
        self.ask(&query, json!({ "id": id })).await["webhookEndpoint"].take()
    }

    /// The deliveries to an endpoint, the first event first.
    pub async fn deliveries(&self, endpoint: &str, selection: &str) -> Vec<Value> {
        let query = format!(
            "query ($id: ID!) {{ webhookDeliveries(first: 100, filter: {{ endpointId: $id }}) {{ nodes {selection} }} }}"
        );
        let mut found = self.ask(&query, json!({ "id": endpoint })).await;
        let mut found: Vec<Value> = found["webhookDeliveries"]["nodes"].as_array_mut().unwrap().drain(..).collect();
        found.reverse();
        found
    }

    /// The statuses of the deliveries to an endpoint, the first event first.
    pub async fn delivery_statuses(&self, endpoint: &str) -> Vec<String> {
        let found = self.deliveries(endpoint, "{ status }").await;
        found.iter().map(|delivery| delivery["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Changes an endpoint with a mutation that takes nothing else.
    pub async fn change_webhook(&self, field: &str, id: &str) -> Value {
        let input = json!({ "webhookEndpointId": id });
        let changed = self.change(field, input, "{ webhookEndpoint { status disabledReason version } }").await;
        changed["webhookEndpoint"].clone()
    }
}
