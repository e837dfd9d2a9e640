//! What GraphQL says of answers, held against the answers of the API: once in examples, once for selections made at random
//! and an evaluator that shares no code with reading.

mod evaluate;
mod property;
mod random;
mod specimen;

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// A clinic with two tickets, the second with a public and an internal message.
async fn small(app: &TestApp) -> (Person, Person, [String; 2]) {
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let tickets = [manager.open_ticket("One").await, manager.open_ticket("Two").await];
    manager.reply(&tickets[1], "Aloud", false).await;
    administrator.reply(&tickets[1], "Aside", true).await;
    (manager, administrator, tickets)
}

/// The text of `data` as it came, keys in their order.
async fn data(app: &TestApp, person: &Person, query: &str, variables: Value) -> String {
    let answer = app.post(person, json!({ "query": query, "variables": variables }).to_string()).await;
    assert_eq!(answer.json().get("errors"), None, "{query}: {}", answer.text);
    let text = answer.text.strip_prefix("{\"data\":").unwrap();
    text[..text.rfind(",\"extensions\"").unwrap()].to_owned()
}

const OLDEST: &str = "order: { field: CREATED_AT, direction: ASC }";

#[tokio::test]
async fn fields_of_one_response_key_are_one_at_every_level() {
    let app = TestApp::new().await;
    let (manager, _, [first, _]) = small(&app).await;
    for (query, wanted) in [
        (
            "{ tickets(ORDER) { nodes { title } } tickets(ORDER) { nodes { status } totalCount } }",
            r#"{"tickets":{"nodes":[{"title":"One","status":"OPEN"},{"title":"Two","status":"OPEN"}],"totalCount":2}}"#,
        ),
        (
            "{ ticket(id: ID) { clinic { name } clinic { slug: name } ... { clinic { status } } ...F ... on Node { kind: __typename } } }
             fragment F on Ticket { title clinic { name locale } }",
            r#"{"ticket":{"clinic":{"name":"Oak","slug":"Oak","status":"ACTIVE","locale":"en"},"title":"One","kind":"Ticket"}}"#,
        ),
        (
            "{ ...F ticket(id: ID) { title } } fragment F on Query { ticket(id: ID) { messages { totalCount } } ...G }
             fragment G on Query { ticket(id: ID) { messages { pageInfo { hasNextPage } nodes { id } pageInfo { endCursor } } } }",
            r#"{"ticket":{"messages":{"totalCount":0,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]},"title":"One"}}"#,
        ),
        (
            "{ tickets(ORDER, first: 1) { edges { node { title } } edges { node { priority status } } nodes { title } nodes { priority } } }",
            r#"{"tickets":{"edges":[{"node":{"title":"One","priority":"MEDIUM","status":"OPEN"}}],"nodes":[{"title":"One","priority":"MEDIUM"}]}}"#,
        ),
    ] {
        let query = query.replace("ORDER", OLDEST).replace("id: ID", &format!("id: {first:?}"));
        assert_eq!(data(&app, &manager, &query, json!({})).await, wanted, "{query}");
    }
}

#[tokio::test]
async fn aliases_and_the_order_of_keys_are_the_clients() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    let query = format!(
        "{{ z: clinic {{ b: name a: name }} tickets({OLDEST}, first: 1) {{ t: totalCount n: nodes {{ title t2: title __typename }}
           e: edges {{ k: __typename c: node {{ x: title }} d: node {{ y: title }} }} p: pageInfo {{ n: hasNextPage p: hasPreviousPage }} }}
           a: __typename }}"
    );

    assert_eq!(
        data(&app, &manager, &query, json!({})).await,
        r#"{"z":{"b":"Oak","a":"Oak"},"tickets":{"t":2,"n":[{"title":"One","t2":"One","__typename":"Ticket"}],"e":[{"k":"TicketEdge","c":{"x":"One"},"d":{"y":"One"}}],"p":{"n":true,"p":false}},"a":"Query"}"#
    );
}

#[tokio::test]
async fn a_type_has_its_name_everywhere() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    let query =
        "{ __typename viewer { __typename user { __typename } memberships { __typename clinic { __typename } } }
        tickets(first: 1) { __typename pageInfo { __typename } edges { __typename node { __typename
            messages(first: 1) { __typename nodes { __typename author { __typename } } } } } } }";

    insta::assert_snapshot!(data(&app, &manager, query, json!({})).await, @r#"{"__typename":"Query","viewer":{"__typename":"Viewer","user":{"__typename":"User"},"memberships":[{"__typename":"ViewerMembership","clinic":{"__typename":"MembershipClinic"}}]},"tickets":{"__typename":"TicketConnection","pageInfo":{"__typename":"PageInfo"},"edges":[{"__typename":"TicketEdge","node":{"__typename":"Ticket","messages":{"__typename":"TicketMessageConnection","nodes":[{"__typename":"TicketMessage","author":{"__typename":"User"}}]}}}]}}"#);
}

#[tokio::test]
async fn a_node_answers_as_what_it_is() {
    let app = TestApp::new().await;
    let (manager, _, [first, _]) = small(&app).await;
    let query = "query ($id: ID!, $user: ID!) {
        ticket: node(id: $id) { __typename ...Any ... on Ticket { title clinic { ...Any name } } ... on User { firstName } }
        user: node(id: $user) { ...Any ... on Ticket { title } ... on User { firstName } ... on Node { __typename } }
        nodes(ids: [$user, \"ticket_01jd3v0000000000000000000a\", $id]) { ... on User { firstName } ... on Ticket { title } }
        node(id: $id) { ... on Ticket { title } } node(id: $id) { ... on Ticket { status } __typename }
    } fragment Any on Node { kind: __typename }";

    let seen = data(&app, &manager, query, json!({ "id": first, "user": manager.api_id() })).await;

    insta::assert_snapshot!(seen.replace("},", "},\n"), @r#"
    {"ticket":{"__typename":"Ticket","kind":"Ticket","title":"One","clinic":{"kind":"Clinic","name":"Oak"}},
    "user":{"kind":"User","firstName":"ClinicManager","__typename":"User"},
    "nodes":[{"firstName":"ClinicManager"},
    null,{"title":"One"}],"node":{"title":"One","status":"OPEN","__typename":"Ticket"}}
    "#);
}

#[tokio::test]
async fn an_id_that_is_none_or_of_no_kind_is_refused() {
    let app = TestApp::new().await;
    let (manager, _, [first, _]) = small(&app).await;
    let node = "query ($id: ID!) { node(id: $id) { id } }";

    for id in ["", "x", "ticket_", "thing_01jd3v0000000000000000000a", &first.to_uppercase()] {
        assert_eq!(manager.fail(node, json!({ "id": id })).await, "INVALID_ID", "{id}");
    }
    let many = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let hundred = manager.ask(many, json!({ "ids": vec![&first; 100] })).await;
    assert_eq!(hundred["nodes"].as_array().unwrap().len(), 100, "the same as often as asked for");
    assert_eq!(manager.fail(many, json!({ "ids": vec![&first; 101] })).await, "INVALID_INPUT");
}

#[tokio::test]
async fn skip_and_include_hold_on_fields_fragments_and_inline_fragments() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;
    let on = "clinic { k: __typename";
    for (declared, selected, variables, wanted) in [
        ("", "name @include(if: true) slug @skip(if: true)", json!({}), r#","name":"Oak""#),
        ("", "name @include(if: false) locale @skip(if: false)", json!({}), r#","locale":"en""#),
        ("", "name @skip(if: false) @include(if: false)", json!({}), ""),
        ("", "name @skip(if: true) @include(if: true)", json!({}), ""),
        ("", "name @skip(if: true) name", json!({}), r#","name":"Oak""#),
        ("($v: Boolean!)", "name @include(if: $v)", json!({ "v": true }), r#","name":"Oak""#),
        ("($v: Boolean!)", "name @include(if: $v)", json!({ "v": false }), ""),
        ("($v: Boolean = true)", "name @include(if: $v)", json!({}), r#","name":"Oak""#),
        ("($v: Boolean = false)", "name @include(if: $v)", json!({}), ""),
        ("($v: Boolean! = false)", "name @include(if: $v)", json!({ "v": true }), r#","name":"Oak""#),
        ("($v: Boolean = true)", "name @skip(if: $v)", json!({}), ""),
        ("($v: Boolean!)", "...F @include(if: $v)", json!({ "v": false }), ""),
        (
            "($v: Boolean!)",
            "...F @include(if: $v)",
            json!({ "v": true }),
            r#","name":"Oak","tickets":{"totalCount":2}"#,
        ),
        (
            "($v: Boolean!)",
            "...F @include(if: $v) ...F @skip(if: $v)",
            json!({ "v": true }),
            r#","name":"Oak","tickets":{"totalCount":2}"#,
        ),
        (
            "($v: Boolean!)",
            "... @include(if: $v) { name } ... on Clinic @skip(if: $v) { locale }",
            json!({ "v": true }),
            r#","name":"Oak""#,
        ),
        (
            "($v: Boolean!)",
            "... @include(if: $v) { name } ... on Clinic @skip(if: $v) { locale }",
            json!({ "v": false }),
            r#","locale":"en""#,
        ),
        (
            "($v: Boolean!)",
            "tickets { nodes { id } @skip(if: $v) totalCount @include(if: $v) }",
            json!({ "v": true }),
            r#","tickets":{"totalCount":2}"#,
        ),
        ("($v: Boolean!)", "tickets { totalCount @skip(if: $v) }", json!({ "v": true }), r#","tickets":{}"#),
        (
            "($v: Boolean!)",
            "tickets(first: 1) { edges { node @skip(if: $v) { id } } pageInfo { hasNextPage @skip(if: $v) } }",
            json!({ "v": true }),
            r#","tickets":{"edges":[{}],"pageInfo":{}}"#,
        ),
    ] {
        let fragment =
            if selected.contains("...F") { "fragment F on Clinic { name tickets { totalCount } }" } else { "" };
        let selected = selected.replace("nodes { id } @skip(if: $v)", "nodes @skip(if: $v) { id }");
        let query = format!("query {declared} {{ {on} {selected} }} }} {fragment}");
        let seen = data(&app, &manager, &query, variables.clone()).await;
        assert_eq!(seen, format!(r#"{{"clinic":{{"k":"Clinic"{wanted}}}}}"#), "{query} {variables}");
    }
    // At the root, where nothing may be left.
    let query = "query ($v: Boolean = true) { clinic @skip(if: $v) { name } ... @skip(if: $v) { viewer { role } } }";
    assert_eq!(data(&app, &manager, query, json!({})).await, "{}");
    assert_eq!(
        data(&app, &manager, query, json!({ "v": false })).await,
        r#"{"clinic":{"name":"Oak"},"viewer":{"role":"CLINIC_MANAGER"}}"#
    );
}

#[tokio::test]
async fn a_condition_that_is_null_is_refused() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    for query in [
        "query ($v: Boolean = true) { clinic { name @include(if: $v) } }",
        "query ($v: Boolean = true) { clinic { name @skip(if: $v) } }",
    ] {
        assert_eq!(manager.fail(query, json!({ "v": null })).await, "INVALID_INPUT", "{query}");
    }
}

#[tokio::test]
async fn a_mutation_that_is_skipped_is_not_done() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;
    let query = "mutation ($v: Boolean!) {
        a: openTicket(input: { title: \"A\", description: \"-\" }) @skip(if: $v) { ticket { title } }
        b: openTicket(input: { title: \"B\", description: \"-\" }) { ticket { title @include(if: $v) ... @skip(if: $v) { number } } } }";

    let seen = data(&app, &manager, query, json!({ "v": true })).await;

    assert_eq!(seen, r#"{"b":{"ticket":{"title":"B"}}}"#);
    assert_eq!(app.value("select count(*) from support_tickets").await, 3);
}

#[tokio::test]
async fn an_edge_that_fails_fails_for_each_row_by_its_path() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    let query = format!(
        "{{ a: tickets({OLDEST}) {{ edges {{ n: node {{ title m: messages(first: 0) {{ totalCount }} }} }} nodes {{ clinic {{ memberships(last: 101) {{ totalCount }} }} }} }} }}"
    );
    let answer = manager.send(&query, json!({})).await;

    let node = |title: &str| json!({ "n": { "title": title, "m": null } });
    let clinic = json!({ "clinic": { "memberships": null } });
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["data"], json!({ "a": { "edges": [node("One"), node("Two")], "nodes": [clinic, clinic] } }));
    let errors = answer.body["errors"].as_array().unwrap();
    let mut paths: Vec<_> = errors.iter().map(|error| error["path"].to_string()).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            r#"["a","edges",0,"n","m"]"#,
            r#"["a","edges",1,"n","m"]"#,
            r#"["a","nodes",0,"clinic","memberships"]"#,
            r#"["a","nodes",1,"clinic","memberships"]"#,
        ]
    );
    for error in errors {
        assert_eq!(
            (&error["extensions"]["code"], &error["extensions"]["limit"]),
            (&json!("INVALID_INPUT"), &json!(100))
        );
    }
}

#[tokio::test]
async fn what_permission_hides_is_null_with_an_error_and_the_rest_is_there() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    oak.manager().await.open_ticket("One").await;
    let clinician = oak.person(SystemRole::Clinician).await;

    let answer = clinician
        .send("{ clinic { name tickets { totalCount } memberships { totalCount } } tickets { totalCount } }", json!({}))
        .await;

    assert_eq!(
        answer.body["data"],
        json!({ "clinic": { "name": "Oak", "tickets": null, "memberships": null }, "tickets": null })
    );
    let errors: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| format!("{} {}: {}", error["path"], error["extensions"]["code"], error["message"]))
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    ["tickets"] "FORBIDDEN": "you need the permission TICKETS_READ"
    ["clinic","tickets"] "FORBIDDEN": "you need the permission TICKETS_READ"
    ["clinic","memberships"] "FORBIDDEN": "you need the permission MEMBERS_READ"
    "#);
}

#[tokio::test]
async fn a_row_that_must_be_there_and_is_not_takes_its_parents_with_it() {
    let app = TestApp::new().await;
    let (manager, _, [first, _]) = small(&app).await;
    // What no policy allows for: a ticket of a clinic that nobody may see.
    app.execute("drop policy tenant_select on clinics").await;

    let query = format!(
        "query ($id: ID!) {{ tickets({OLDEST}) {{ nodes {{ title clinic {{ name }} }} }} ticket(id: $id) {{ clinic {{ name }} }} viewer {{ role }} }}"
    );
    let answer = manager.send(&query, json!({ "id": first })).await;

    assert_eq!(answer.body["data"], json!({ "tickets": null, "ticket": null, "viewer": { "role": "CLINIC_MANAGER" } }));
    let mut paths: Vec<_> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
    paths.sort();
    assert_eq!(
        paths,
        [r#"["ticket","clinic"]"#, r#"["tickets","nodes",0,"clinic"]"#, r#"["tickets","nodes",1,"clinic"]"#]
    );
}

#[tokio::test]
async fn nulls_are_nulls() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    let query = "{ clinic { description phone network { name } formattedAddress settings } ticket(id: \"ticket_01jd3v0000000000000000000a\") { id }
        other: clinic(slug: \"nowhere\") { id } tickets(first: 1) { nodes { assignee { displayName } resolvedAt } } }";

    assert_eq!(
        data(&app, &manager, query, json!({})).await,
        r#"{"clinic":{"description":null,"phone":null,"network":null,"formattedAddress":null,"settings":{}},"ticket":null,"other":null,"tickets":{"nodes":[{"assignee":null,"resolvedAt":null}]}}"#
    );
}

#[tokio::test]
async fn the_introspection_of_graphiql_is_answered() {
    let app = TestApp::new().await;
    let (manager, ..) = small(&app).await;

    let seen = manager.ask(INTROSPECTION, json!({})).await;

    let types = seen["__schema"]["types"].as_array().unwrap();
    let ticket = types.iter().find(|of| of["name"] == "Ticket").unwrap();
    let title = ticket["fields"].as_array().unwrap().iter().find(|field| field["name"] == "title").unwrap();
    assert_eq!(
        title["type"],
        json!({ "kind": "NON_NULL", "name": null, "ofType": { "kind": "SCALAR", "name": "String", "ofType": null } })
    );
    assert_eq!(seen["__schema"]["queryType"]["name"], "Query");
    assert!(seen["__schema"]["directives"].as_array().unwrap().iter().any(|directive| directive["name"] == "include"));
    app.nobody().ask("{ __type(name: \"Node\") { possibleTypes { name } } }", json!({})).await;
}

/// What graphql-js 16 sends, with every option on.
const INTROSPECTION: &str = "query IntrospectionQuery {
  __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
