//! What people do with support tickets.

use serde_json::{Value, json};

use crate::harness::{Answer, Person};

impl Person {
    /// Opens a ticket; returns its id.
    pub async fn open_ticket(&self, title: &str) -> String {
        let input = json!({ "title": title, "description": "Please help." });
        self.change_ticket("openTicket", input, "{ id }").await["id"].as_str().unwrap().to_owned()
    }

    /// Opens a ticket under an idempotency key.
    pub async fn open_ticket_once(&self, key: &str, title: &str) -> Answer {
        let query = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id number title } } }";
        let input = json!({ "title": title, "description": "Please help." });
        self.send_with(query, json!({ "input": input }), &[("idempotency-key", key)]).await
    }

    /// Replies to a ticket; returns the message's id.
    pub async fn reply(&self, ticket: &str, body: &str, is_internal: bool) -> String {
        let input = json!({ "ticketId": ticket, "body": body, "isInternal": is_internal });
        self.change_ticket("replyToTicket", input, "{ id }").await["id"].as_str().unwrap().to_owned()
    }

    pub async fn assign_ticket(&self, ticket: &str, to: &Self) {
        let input = json!({ "ticketId": ticket, "assigneeId": to.api_id() });
        self.change_ticket("assignTicket", input, "{ id }").await;
    }

    pub async fn unassign_ticket(&self, ticket: &str) {
        self.change_ticket("unassignTicket", json!({ "ticketId": ticket }), "{ id }").await;
    }

    pub async fn change_ticket_status(&self, ticket: &str, status: &str) {
        self.change_ticket("changeTicketStatus", json!({ "ticketId": ticket, "status": status }), "{ id }").await;
    }

    /// Takes an open ticket to a status by the transitions that are allowed to an administrator.
    pub async fn bring_ticket_to(&self, ticket: &str, status: &str) {
        let transitions: &[&str] = match status {
            "OPEN" => &[],
            "IN_PROGRESS" => &["IN_PROGRESS"],
            "WAITING" => &["IN_PROGRESS", "WAITING"],
            "RESOLVED" => &["IN_PROGRESS", "RESOLVED"],
            _ => &["CLOSED"],
        };
        for status in transitions {
            self.change_ticket_status(ticket, status).await;
        }
    }

    /// Sends a mutation of tickets; `selection` is of the ticket, or of the message of a reply.
    pub async fn try_ticket(&self, field: &str, input: Value, selection: &str) -> Answer {
        self.mutate(field, input, &format!("{{ {} {selection} }}", object(field))).await
    }

    /// The same with a mutation that must succeed; returns the ticket or message.
    pub async fn change_ticket(&self, field: &str, input: Value, selection: &str) -> Value {
        let selection = format!("{{ {} {selection} }}", object(field));
        self.change(field, input, &selection).await[object(field)].take()
    }

    /// Reads a ticket.
    pub async fn ticket(&self, ticket: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ ticket(id: $id) {selection} }}");
        self.ask(&query, json!({ "id": ticket })).await["ticket"].take()
    }
}

/// The object in the payload of a mutation of tickets.
fn object(field: &str) -> &'static str {
    if field == "replyToTicket" { "message" } else { "ticket" }
}
