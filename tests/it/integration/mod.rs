//! Integrations: how clinics set them up, what their clients send, and what comes in from services. The services themselves are played by
//! the servers in `fakes/`, which other modules' tests can use too.

pub mod cases;
mod failures;
pub mod fakes;
mod kinds;
mod lifecycle;
mod processing;
mod secrets;
mod sms;
mod webhooks;
mod whatsapp;

use clinigraph::{
    clinic::Clinic,
    integration::{Active, Integrations, Settings as KindOfSettings},
    kernel::Id,
    pipeline::Settings,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp, settings},
};

/// The address under which services reach the server, as it believes.
pub const PUBLIC: &str = "https://clinic.example";

/// An app that knows its address.
pub async fn public_app() -> TestApp {
    TestApp::with(Settings { public_url: Some(PUBLIC.to_owned()), ..settings() }, 4).await
}

/// An integration of a test.
pub struct Set {
    pub id: String,
    /// Path of the address for webhooks.
    pub path: String,
}

impl TestApp {
    pub fn integrations(&self) -> &Integrations {
        self.services.get().unwrap()
    }

    /// Adds an integration for a clinic, as an administrator, who may choose the address of the service; and tests it.
    pub async fn connect(&self, clinic: &TestClinic<'_>, settings: Value) -> Set {
        let set = self.add_integration(Some(clinic), settings).await;
        self.administrator()
            .await
            .change("testIntegration", json!({ "integrationId": set.id }), "{ __typename }")
            .await;
        self.work().await;
        set
    }

    /// Adds an integration for a clinic or the platform.
    pub async fn add_integration(&self, clinic: Option<&TestClinic<'_>>, settings: Value) -> Set {
        let mut input = json!({ "name": "Messages", "settings": settings });
        match clinic {
            Some(clinic) => input["clinicId"] = json!(clinic.api_id()),
            None => input["ofPlatform"] = json!(true),
        }
        let administrator = self.administrator().await;
        let made = administrator.change("createIntegration", input, "{ webhookUrl integration { id } }").await;
        let path = made["webhookUrl"].as_str().unwrap().strip_prefix(PUBLIC).unwrap_or_default().to_owned();
        Set { id: made["integration"]["id"].as_str().unwrap().to_owned(), path }
    }

    /// The integration of a kind that is used in a clinic.
    pub async fn active<S: KindOfSettings>(&self, clinic: &TestClinic<'_>) -> Option<Active<S>> {
        let id = Id::<Clinic>::from_uuid(clinic.id);
        self.as_system(async |scope| self.integrations().active(scope, id).await).await
    }

    /// Sends something to the server as a service would; returns status and text of the answer.
    pub async fn deliver(&self, path: &str, headers: &[(&str, String)], body: impl Into<Vec<u8>>) -> (u16, String) {
        let mut request = reqwest::Client::new().post(format!("http://{}{path}", self.address)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

impl Person {
    /// Reads an integration.
    pub async fn integration(&self, id: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ integration(id: $id) {selection} }}");
        self.ask(&query, json!({ "id": id })).await["integration"].take()
    }

    pub async fn integration_status(&self, id: &str) -> (String, Option<String>) {
        let row = self.integration(id, "{ status lastError }").await;
        (row["status"].as_str().unwrap().to_owned(), row["lastError"].as_str().map(str::to_owned))
    }
}

/// A webhook of a clinic's integration, for tests that only need a row.
pub async fn add_webhook(app: &TestApp, clinic: Uuid, status: &str) {
    app.execute(&format!(
        "insert into inbound_webhooks (id, clinic_id, integration_id, kind, event_id, status, body_enc, body_bytes)
         select gen_random_uuid(), clinic_id, id, kind, gen_random_uuid(), '{status}', 'x', 1 from integrations where clinic_id = '{clinic}' limit 1"
    ))
    .await;
}
