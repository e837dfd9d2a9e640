//! `extensions.fields` names each refused value by its path from the arguments of the field, whatever part refused it.

use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

/// Code and path of each refused value of the first error.
fn fields(answer: &Answer) -> Vec<(&str, &str)> {
    let fields = answer.body["errors"][0]["extensions"]["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |field: &'_ Value, name: &str| field[name].as_str().map(str::to_owned);
    assert!(fields.iter().all(|field| text(field, "message").is_some()), "{}", answer.body);
    fields.iter().map(|field| (field["code"].as_str().unwrap(), field["path"].as_str().unwrap())).collect()
}

/// A document, its variables, the code of its error, and code and path of each refused value.
type Case = (&'static str, Value, &'static str, Vec<(&'static str, &'static str)>);

const TICKET: &str = "ticket_01h455vb4pex5vsknk084sn02q";
const USER: &str = "user_01h455vb4pex5vsknk084sn02q";

#[tokio::test]
async fn every_refusal_names_the_path_of_the_argument() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let invalid = |path: &'static str| vec![("INVALID_INPUT", path)];
    let cases: Vec<Case> = vec![
        // The check of the variables: in the words of the arguments, not of the variables.
        (
            "query ($n: Int) { tickets(first: $n) { totalCount } }",
            json!({ "n": "1" }),
            "INVALID_INPUT",
            invalid("first"),
        ),
        (
            "query ($s: [TicketStatus!]) { tickets(filter: { status: $s }) { totalCount } }",
            json!({ "s": ["OPEN", "SHUT"] }),
            "INVALID_INPUT",
            invalid("filter.status.1"),
        ),
        (
            "query ($n: Int) { ...F } fragment F on Query { tickets { nodes { messages(last: $n) { totalCount } } } }",
            json!({ "n": 1.5 }),
            "INVALID_INPUT",
            invalid("last"),
        ),
        (
            "query ($yes: Boolean!) { viewer @include(if: $yes) { role } }",
            json!({ "yes": 1 }),
            "INVALID_INPUT",
            invalid("if"),
        ),
        (
            "mutation ($a: OpenTicketInput!) { openTicket(input: $a) { __typename } }",
            json!({ "a": { "title": 1, "priority": "SOON", "colour": "red" } }),
            "INVALID_INPUT",
            vec![
                ("INVALID_INPUT", "input.colour"),
                ("INVALID_INPUT", "input.description"),
                ("INVALID_INPUT", "input.priority"),
                ("INVALID_INPUT", "input.title"),
            ],
        ),
        // The check of the literals in a document.
        ("{ tickets(first: \"1\") { totalCount } }", json!({}), "VALIDATION_FAILED", vec![("INVALID_INPUT", "first")]),
        (
            "{ tickets(filter: { status: [OPEN, SHUT] }) { totalCount } }",
            json!({}),
            "VALIDATION_FAILED",
            vec![("INVALID_INPUT", "filter.status.1")],
        ),
        ("{ ticket { id } }", json!({}), "VALIDATION_FAILED", vec![("INVALID_INPUT", "id")]),
        // A parser of ids.
        ("{ ticket(id: \"x\") { id } }", json!({}), "INVALID_ID", vec![("INVALID_ID", "id")]),
        (
            "query ($id: ID!) { ticket(id: $id) { id } }",
            json!({ "id": USER }),
            "INVALID_ID",
            vec![("INVALID_ID", "id")],
        ),
        ("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": "x" }), "INVALID_ID", vec![("INVALID_ID", "id")]),
        (
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            json!({ "ids": [TICKET, "dog_01h455vb4pex5vsknk084sn02q"] }),
            "INVALID_ID",
            vec![("INVALID_ID", "ids.1")],
        ),
        (
            "mutation ($id: ID!) { replyToTicket(input: { ticketId: $id, body: \"Hello?\" }) { __typename } }",
            json!({ "id": USER }),
            "INVALID_ID",
            vec![("INVALID_ID", "input.ticketId")],
        ),
        // A parser of another scalar, in a filter; and whatever else is malformed beside it.
        (
            "query ($from: DateTime, $id: ID) { auditEvents(filter: { from: $from, clinicId: $id }) { totalCount } }",
            json!({ "from": "yesterday", "id": "x" }),
            "INVALID_INPUT",
            vec![("INVALID_ID", "filter.clinicId"), ("INVALID_INPUT", "filter.from")],
        ),
        // The page of a list, at the root and below it.
        ("{ tickets(first: 0) { totalCount } }", json!({}), "INVALID_INPUT", invalid("first")),
        ("{ tickets(first: 1, last: 1) { totalCount } }", json!({}), "INVALID_INPUT", invalid("last")),
        ("{ tickets(after: \"x\") { totalCount } }", json!({}), "INVALID_CURSOR", vec![("INVALID_CURSOR", "after")]),
    ];
    for (query, variables, code, wanted) in cases {
        let person = if query.contains("auditEvents") { app.administrator().await } else { manager.clone() };
        let answer = person.send(query, variables).await;

        let mut found = fields(&answer);
        found.sort_unstable_by_key(|(_, path)| *path);
        assert_eq!((answer.code().as_deref(), found), (Some(code), wanted), "{query}: {}", answer.body);
    }
}

#[tokio::test]
async fn all_wrong_variables_are_reported_in_one_answer() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "query ($n: Int!, $id: ID!, $order: TicketOrder) {
        tickets(first: $n, order: $order) { totalCount } ticket(id: $id) { id } }";

    let answer = manager.send(query, json!({ "n": "x", "order": { "field": "COLOUR", "direction": "UP" } })).await;

    let mut paths: Vec<_> = fields(&answer).into_iter().map(|(_, path)| path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["first", "id", "order.direction", "order.field"], "{}", answer.body);
}

#[tokio::test]
async fn an_id_of_the_wrong_type_is_distinguished_from_one_that_is_right() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    let query = "mutation ($input: AssignTicketInput!) { assignTicket(input: $input) { __typename } }";

    let answer = administrator.send(query, json!({ "input": { "ticketId": TICKET, "assigneeId": TICKET } })).await;

    assert_eq!(fields(&answer), [("INVALID_ID", "input.assigneeId")], "{}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(error["message"], "input.assigneeId: must be an id that begins with \"user_\", not \"ticket_\"");
    let mut extensions: Vec<_> = error["extensions"].as_object().unwrap().keys().collect();
    extensions.sort_unstable();
    assert_eq!(extensions, ["code", "fields", "requestId"]);
}
