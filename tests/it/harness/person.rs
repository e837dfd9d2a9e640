//! Somebody who speaks to the API, over HTTP like anybody else.

use std::net::SocketAddr;

use clinigraph::{access::User, kernel::Id};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody with a token, or nobody.
#[derive(Clone)]
pub struct Person {
    client: reqwest::Client,
    address: SocketAddr,
    url: String,
    pub token: Option<String>,
    pub user_id: Uuid,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Person {
    pub fn new(address: SocketAddr, token: Option<String>, user_id: Uuid) -> Self {
        Self { client: reqwest::Client::new(), address, url: format!("http://{address}/graphql"), token, user_id }
    }

    /// The server that they speak to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The user's id as the API spells it.
    pub fn api_id(&self) -> String {
        Id::<User>::from_uuid(self.user_id).to_string()
    }

    /// Sends an operation.
    pub async fn send(&self, query: &str, variables: Value) -> Answer {
        self.send_with(query, variables, &[]).await
    }

    /// Sends an operation with further headers.
    pub async fn send_with(&self, query: &str, variables: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.post(&self.url).header("accept", "application/graphql-response+json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap();
        let status = response.status().as_u16();
        Answer { status, body: response.json().await.unwrap() }
    }

    /// Sends an operation that must succeed whole; returns its data.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.send(query, variables).await;
        assert_eq!(answer.body.get("errors"), None, "{query}");
        answer.body["data"].clone()
    }

    /// Sends an operation that must fail; returns the code of its first error.
    pub async fn fail(&self, query: &str, variables: Value) -> String {
        let answer = self.send(query, variables).await;
        answer.code().unwrap_or_else(|| panic!("no error: {query} {}", answer.body))
    }

    /// Sends a mutation with one input; `selection` is of its payload.
    pub async fn mutate(&self, field: &str, input: Value, selection: &str) -> Answer {
        let input_type = format!("{}{}Input", field[..1].to_uppercase(), &field[1..]);
        let query = format!("mutation ($input: {input_type}!) {{ {field}(input: $input) {selection} }}");
        self.send(&query, json!({ "input": input })).await
    }

    /// Sends a mutation that must succeed; returns its payload.
    pub async fn change(&self, field: &str, input: Value, selection: &str) -> Value {
        let answer = self.mutate(field, input, selection).await;
        assert_eq!(answer.body.get("errors"), None, "{field}");
        answer.body["data"][field].clone()
    }

    /// Sends a mutation that must fail and leave its field null; returns the error.
    pub async fn refused(&self, field: &str, input: Value) -> Value {
        let answer = self.mutate(field, input, "{ __typename }").await;
        assert!(answer.body["data"][field].is_null(), "{field}: {}", answer.body);
        answer.body["errors"][0].clone()
    }

    /// Sends a mutation that must be refused for its input; returns path and message of each problem.
    pub async fn problems(&self, field: &str, input: Value) -> Vec<(String, String)> {
        let error = self.refused(field, input).await;
        assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{error}");
        let text = |field: &Value, key: &str| field[key].as_str().unwrap().to_owned();
        let fields = error["extensions"]["fields"].as_array().unwrap();
        fields.iter().map(|field| (text(field, "path"), text(field, "message"))).collect()
    }
}

impl Answer {
    /// The code of the first error.
    pub fn code(&self) -> Option<String> {
        Some(self.body.pointer("/errors/0/extensions/code")?.as_str()?.to_owned())
    }

    /// Statements the operation took, besides those that opened its scope.
    pub fn sql_count(&self) -> u64 {
        self.body["extensions"]["cost"]["sqlCount"].as_u64().unwrap()
    }
}
