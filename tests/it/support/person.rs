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

    /// Opens a ticket; returns its id.
    pub async fn open_ticket(&self, title: &str) -> String {
        let input = json!({ "title": title, "description": "Please help." });
        let data = self
            .ask("mutation ($input: OpenTicketInput!) { openTicket(input: $input) { id } }", json!({ "input": input }))
            .await;
        data["openTicket"]["id"].as_str().unwrap().to_owned()
    }

    /// Replies to a ticket; returns the message's id.
    pub async fn reply(&self, ticket: &str, body: &str, is_internal: bool) -> String {
        let input = json!({ "ticketId": ticket, "body": body, "isInternal": is_internal });
        let data = self
            .ask(
                "mutation ($input: ReplyToTicketInput!) { replyToTicket(input: $input) { id } }",
                json!({ "input": input }),
            )
            .await;
        data["replyToTicket"]["id"].as_str().unwrap().to_owned()
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
