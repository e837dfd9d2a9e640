//! Requests and answers to the letter, where their form itself is tested.

use serde_json::Value;

use super::{Person, TestApp};

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl RawAnswer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        self.json().pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl TestApp {
    /// Sends a body that is JSON or wants to be.
    pub async fn post(&self, person: &Person, body: impl Into<reqwest::Body>) -> RawAnswer {
        let request = reqwest::Client::new().post(format!("http://{}/graphql", self.address)).body(body);
        Self::finish(person, request.header("content-type", "application/json")).await
    }

    /// Asks by GET, with these parameters already encoded.
    pub async fn get(&self, person: &Person, parameters: &str) -> RawAnswer {
        let request = reqwest::Client::new().get(format!("http://{}/graphql?{parameters}", self.address));
        Self::finish(person, request).await
    }

    async fn finish(person: &Person, mut request: reqwest::RequestBuilder) -> RawAnswer {
        if let Some(token) = &person.token {
            request = request.bearer_auth(token);
        }
        let response = request.header("accept", "application/graphql-response+json").send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        RawAnswer { status, headers, text: response.text().await.unwrap() }
    }
}
