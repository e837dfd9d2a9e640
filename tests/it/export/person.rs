//! What people do with exports.

use serde_json::{Value, json};

use crate::{file::Got, harness::Person};

impl Person {
    /// Requests an export of tickets; returns its id.
    pub async fn request_ticket_export(&self, input: Value) -> String {
        let requested = self.change("requestTicketExport", input, "{ export { id status } }").await;
        assert_eq!(requested["export"]["status"], "WAITING");
        requested["export"]["id"].as_str().unwrap().to_owned()
    }

    /// Reads an export; null if it does not show.
    pub async fn export(&self, export: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ export(id: $id) {selection} }}");
        self.ask(&query, json!({ "id": export })).await["export"].take()
    }

    /// Downloads the file of an export.
    pub async fn download_export(&self, export: &str) -> Got {
        let given = self.change("downloadExport", json!({ "exportId": export }), "{ url }").await;
        self.get(given["url"].as_str().unwrap(), &[]).await
    }

    /// The same, as text.
    pub async fn content_of_export(&self, export: &str) -> String {
        let got = self.download_export(export).await;
        assert_eq!(got.status, 200, "{got:?}");
        String::from_utf8(got.body.unwrap()).unwrap()
    }
}
