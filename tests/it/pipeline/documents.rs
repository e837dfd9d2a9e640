//! What a document may be at most, and how the answer names what is wrong with it. Each limit is tried at its edge.

use std::time::{Duration, Instant};

use clinigraph::pipeline::Settings;
use serde_json::{Value, json};

use crate::harness::{Answer, Person, TestApp, settings};

/// Code and limit of the first error; "fine" when there is none.
fn texts(answer: &Answer) -> (String, Option<u64>) {
    let limit = answer.body.pointer("/errors/0/extensions/limit").and_then(Value::as_u64);
    (answer.code().unwrap_or_else(|| "fine".to_owned()), limit)
}

/// The first document passes, the second is refused with this code and limit.
async fn edge(person: &Person, below: &str, above: &str, code: &str, limit: u64) {
    let (passed, refused) = (person.send(below, json!({})).await, person.send(above, json!({})).await);
    assert_eq!(texts(&passed), ("fine".to_owned(), None), "{}", passed.body);
    assert_eq!(texts(&refused), (code.to_owned(), Some(limit)), "{}", refused.body);
    assert_eq!((refused.status, refused.body.get("data")), (400, None));
}

fn repeated(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn bytes() {
    let app = TestApp::new().await;
    let document = |bytes: usize| format!("{{ __typename }} #{}", "x".repeat(bytes - 16));

    assert_eq!(document(16_384).len(), 16_384);
    edge(&app.nobody(), &document(16_384), &document(16_385), "TOO_LARGE", 16_384).await;
}

#[tokio::test]
async fn tokens() {
    let app = TestApp::new().await;
    let document = |tokens: usize| format!("{{ viewer {{ {} }} }}", repeated(tokens - 5, |_| "role".to_owned()));

    edge(&app.nobody(), &document(2_000), &document(2_001), "TOO_LARGE", 2_000).await;
}

#[tokio::test]
async fn brackets() {
    let app = TestApp::new().await;
    let document = |depth: usize| {
        let inner = depth - 1;
        format!("{{ {} __typename {} }}", "... {".repeat(inner), "}".repeat(inner))
    };

    edge(&app.nobody(), &document(60), &document(61), "TOO_DEEP", 60).await;
    let endless = app.nobody().send(&"{".repeat(16_000), json!({})).await;
    assert_eq!(texts(&endless).0, "TOO_DEEP");
    let in_text = format!("query ($a: String = \"{}\") {{ node(id: $a) {{ id }} }}", "{".repeat(70));
    assert_eq!(texts(&app.nobody().send(&in_text, json!({})).await).0, "INVALID_ID", "text has no brackets");
}

#[tokio::test]
async fn fragments_in_fragments() {
    let app = TestApp::new().await;
    let document = |depth: usize| {
        let chain = repeated(depth - 2, |at| format!("fragment F{at} on Query {{ ...F{} }}", at + 1));
        format!("{{ ...F0 }} {chain} fragment F{} on Query {{ __typename }}", depth - 2)
    };

    edge(&app.nobody(), &document(60), &document(61), "TOO_DEEP", 60).await;
    assert_eq!(texts(&app.nobody().send(&document(240), json!({})).await).0, "TOO_DEEP");
}

#[tokio::test]
async fn depth() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let chain = |levels: usize| {
        // clinic > tickets > nodes > clinic > …: each is one level.
        let steps = ["clinic", "tickets(first: 1)", "nodes"];
        let open = repeated(levels - 1, |at| format!("{} {{", steps[at % 3]));
        format!("{{ {open} __typename {} }}", "}".repeat(levels - 1))
    };

    edge(&manager, &chain(12), &chain(13), "TOO_DEEP", 12).await;
}

#[tokio::test]
async fn selections_are_counted_wherever_a_fragment_is_spread() {
    let app = TestApp::new().await;
    let document = |times: usize, more: usize| {
        let spreads = repeated(times, |_| "...F".to_owned());
        let fields = repeated(19, |_| "role".to_owned());
        let more = repeated(more, |_| "role".to_owned());
        format!("{{ viewer {{ {spreads} {more} }} }} fragment F on Viewer {{ {fields} }}")
    };

    // The viewer, 99 times a spread and its 19 fields, and 19 or 20 more.
    edge(&app.nobody(), &document(99, 19), &document(99, 20), "TOO_COMPLEX", 2_000).await;
}

#[tokio::test]
async fn a_bomb_of_fragments_is_refused_in_no_time() {
    let app = TestApp::new().await;
    let bomb =
        |levels: usize| repeated(levels, |at| format!("fragment F{at} on Viewer {{ ...F{} ...F{} }}", at + 1, at + 1));
    for bomb in [
        format!("{{ viewer {{ ...F0 }} }} {} fragment F30 on Viewer {{ role }}", bomb(30)),
        // Beyond what a number of 64 bits counts.
        format!("{{ viewer {{ ...F0 }} }} {} fragment F70 on Viewer {{ a: role @skip(if: false) }}", bomb(70)),
        // Without a charge at its end, and with nothing to set it off.
        format!("{{ viewer {{ ...F0 }} }} {}", bomb(30)),
        format!("{{ viewer {{ role }} }} {} fragment F30 on Viewer {{ role }}", bomb(30)),
        format!("{{ viewer {{ role }} }} {}", bomb(30)),
    ] {
        let begun = Instant::now();
        let answer = app.nobody().send(&bomb, json!({})).await;

        assert_eq!(texts(&answer), ("TOO_COMPLEX".to_owned(), Some(2_000)), "{}", answer.body);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn aliases() {
    let app = TestApp::new().await;
    let document = |count: usize| format!("{{ viewer {{ {} }} }}", repeated(count, |at| format!("a{at}: role")));

    edge(&app.nobody(), &document(30), &document(31), "TOO_COMPLEX", 30).await;
}

#[tokio::test]
async fn directives() {
    let app = TestApp::new().await;
    let document =
        |count: usize| format!("{{ viewer {{ {} }} }}", repeated(count, |_| "role @include(if: true)".to_owned()));

    edge(&app.nobody(), &document(20), &document(21), "TOO_COMPLEX", 20).await;
}

#[tokio::test]
async fn root_fields_also_those_in_fragments() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let plain = |count: usize| format!("{{ {} }}", repeated(count, |at| format!("a{at}: viewer {{ role }}")));
    let spread = |count: usize| {
        format!("{{ ...F }} fragment F on Query {{ {} }}", repeated(count, |at| format!("a{at}: viewer {{ role }}")))
    };

    edge(&manager, &plain(20), &plain(21), "TOO_COMPLEX", 20).await;
    edge(&manager, &spread(20), &spread(21), "TOO_COMPLEX", 20).await;
}

#[tokio::test]
async fn cost() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    // A connection and its rows, each with a connection and its rows: 1 + 39 × (1 + 1 + 48). Then 1 + 48 or 49.
    let document = |clinics: usize| {
        format!(
            "{{ tickets(first: 39) {{ nodes {{ messages(first: 48) {{ nodes {{ id }} }} }} }}
               clinics(first: {clinics}) {{ nodes {{ id }} }} }}"
        )
    };

    edge(&administrator, &document(48), &document(49), "TOO_COMPLEX", 2_000).await;
    let passed = administrator.send(&document(48), json!({})).await;
    assert_eq!(passed.body["extensions"]["cost"]["cost"], 2_000);
}

#[tokio::test]
async fn cost_knows_the_values_of_variables() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    let query =
        "query ($first: Int = 30) { tickets(first: $first) { nodes { messages(first: 100) { nodes { id } } } } }";
    let cost = async |variables: Value| texts(&administrator.send(query, variables).await).0;

    assert_eq!(cost(json!({ "first": 3 })).await, "fine");
    assert_eq!(cost(json!({ "first": 100 })).await, "TOO_COMPLEX");
    assert_eq!(cost(json!({})).await, "TOO_COMPLEX");
    assert_eq!(cost(json!({ "first": 100_000 })).await, "TOO_COMPLEX");
}

#[tokio::test]
async fn lists_in_the_input() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    let query = "query ($s: [TicketStatus!]) { tickets(filter: { status: $s }) { totalCount } }";
    let many = |count: usize| json!({ "s": vec!["OPEN"; count] });

    let passed = administrator.send(query, many(250)).await;
    let refused = administrator.send(query, many(251)).await;

    assert_eq!(texts(&passed).0, "fine");
    assert_eq!(texts(&refused), ("INVALID_INPUT".to_owned(), Some(250)));
    assert_eq!(refused.body["errors"][0]["extensions"]["fields"][0]["path"], "filter.status");
    // As a literal the same.
    let literal = |count: usize| {
        format!("{{ tickets(filter: {{ status: [{}] }}) {{ totalCount }} }}", repeated(count, |_| "OPEN".to_owned()))
    };
    assert_eq!(texts(&administrator.send(&literal(250), json!({})).await).0, "fine");
    let refused = administrator.send(&literal(251), json!({})).await;
    assert_eq!(texts(&refused), ("INVALID_INPUT".to_owned(), Some(250)));
    assert_eq!(refused.body["errors"][0]["extensions"]["fields"][0]["path"], "filter.status");
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_told_with_a_code() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    for (document, code) in [
        ("", "PARSE_FAILED"),
        (" ", "PARSE_FAILED"),
        ("{", "PARSE_FAILED"),
        ("{ }", "PARSE_FAILED"),
        ("type A { a: Int }", "PARSE_FAILED"),
        ("query A { __typename } query A { __typename }", "VALIDATION_FAILED"),
        ("{ nothing }", "VALIDATION_FAILED"),
        ("{ viewer }", "VALIDATION_FAILED"),
        ("{ viewer { role { a } } }", "VALIDATION_FAILED"),
        ("{ tickets(frist: 1) { totalCount } }", "VALIDATION_FAILED"),
        ("{ tickets(first: \"1\") { totalCount } }", "VALIDATION_FAILED"),
        ("{ ticket { id } }", "VALIDATION_FAILED"),
        ("{ ...F }", "VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...F }", "VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...G } fragment G on Query { viewer { role } ...F }", "VALIDATION_FAILED"),
        ("{ ...F } fragment F on Ticket { id }", "VALIDATION_FAILED"),
        ("{ __typename } fragment F on Query { __typename }", "VALIDATION_FAILED"),
        ("query ($a: Nothing) { viewer { role } }", "VALIDATION_FAILED"),
        ("query ($a: Int) { __typename }", "VALIDATION_FAILED"),
        ("{ tickets(first: $a) { totalCount } }", "VALIDATION_FAILED"),
        ("{ viewer { role @include } }", "VALIDATION_FAILED"),
        ("{ viewer { role @nothing } }", "VALIDATION_FAILED"),
        ("{ a: viewer { role } a: clinic { name } }", "VALIDATION_FAILED"),
        ("{ tickets(first: 1) { totalCount } tickets(first: 2) { totalCount } }", "VALIDATION_FAILED"),
        ("subscription { a }", "VALIDATION_FAILED"),
    ] {
        let answer = manager.send(document, json!({})).await;

        assert_eq!((answer.status, texts(&answer).0.as_str()), (400, code), "{document}: {}", answer.body);
        assert_eq!(answer.body.get("data"), None, "{document}");
        for error in answer.body["errors"].as_array().unwrap() {
            assert!(error["extensions"]["requestId"].is_string(), "{document}: {error}");
        }
    }
}

#[tokio::test]
async fn the_operation_that_is_meant_must_be_told_from_others() {
    let app = TestApp::new().await;
    let nobody = app.nobody();
    let two = "query A { a: __typename } query B { b: __typename }";
    let send = async |query: &str, name: Value| {
        let answer = app.post(&nobody, json!({ "query": query, "operationName": name }).to_string()).await;
        if answer.status == 200 { answer.json()["data"].to_string() } else { answer.code() }
    };

    assert_eq!(send(two, json!("B")).await, r#"{"b":"Query"}"#);
    assert_eq!(send(two, Value::Null).await, "VALIDATION_FAILED");
    assert_eq!(send(two, json!("C")).await, "VALIDATION_FAILED");
    assert_eq!(send(two, json!("")).await, "VALIDATION_FAILED");
    assert_eq!(send("query A { a: __typename }", Value::Null).await, r#"{"a":"Query"}"#);
    assert_eq!(send("query A { a: __typename }", json!("B")).await, "VALIDATION_FAILED");
    assert_eq!(send("{ a: __typename }", json!("A")).await, "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_mutation_never_runs_over_get() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let open = "mutation%7BopenTicket(input%3A%7Btitle%3A%22a%22%2Cdescription%3A%22b%22%7D)%7Bticket%7Bid%7D%7D%7D";

    let query = app.get(&manager, "query=%7B__typename%7D").await;
    let mutation = app.get(&manager, &format!("query={open}")).await;
    let hidden = app
        .get(
            &manager,
            &format!("query=query%20A%7B__typename%7D{}&operationName=B", open.replace("mutation", "mutation%20B")),
        )
        .await;

    assert_eq!(query.status, 200);
    for answer in [mutation, hidden] {
        assert_eq!((answer.status, answer.code().as_str()), (405, "OPERATION_NOT_ALLOWED"));
        assert_eq!(answer.headers["allow"], "POST");
    }
    assert_eq!(app.value("select count(*) from support_tickets").await, 0);
}

#[tokio::test]
async fn a_variable_of_a_wrong_type_is_named_by_the_argument_that_takes_it() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let open = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
    let list = "query ($first: Int, $filter: TicketFilter, $id: ID!, $yes: Boolean!) {
        tickets(first: $first, filter: $filter) { totalCount } ticket(id: $id) @include(if: $yes) { id } }";
    let fine = json!({ "id": "ticket_01jd3v0000000000000000000a", "yes": false });
    let with = |name: &str, value: Value| {
        let mut variables = fine.clone();
        variables[name] = value;
        variables
    };
    manager.ask(list, fine.clone()).await;
    for (query, variables, path) in [
        (open, json!({}), "input"),
        (open, json!({ "input": null }), "input"),
        (open, json!({ "input": "text" }), "input"),
        (open, json!({ "input": { "title": "a" } }), "input.description"),
        (open, json!({ "input": { "title": "a", "description": null } }), "input.description"),
        (open, json!({ "input": { "title": 1, "description": "b" } }), "input.title"),
        (open, json!({ "input": { "title": "a", "description": "b", "priority": "SOON" } }), "input.priority"),
        (open, json!({ "input": { "title": "a", "description": "b", "priority": null } }), "input.priority"),
        (open, json!({ "input": { "title": "a", "description": "b", "colour": "red" } }), "input.colour"),
        (list, with("first", json!(1.5)), "first"),
        (list, with("first", json!("1")), "first"),
        (list, with("first", json!(2_147_483_648_u64)), "first"),
        (list, with("filter", json!({ "status": ["OPEN", "SHUT"] })), "filter.status.1"),
        (list, with("filter", json!({ "status": ["OPEN", null] })), "filter.status.1"),
        (list, with("filter", json!({ "assigned": "yes" })), "filter.assigned"),
        (list, with("filter", json!([])), "filter"),
        (list, with("id", json!(true)), "id"),
        (list, with("id", Value::Null), "id"),
        (list, with("yes", json!("true")), "if"),
        (list, with("yes", json!(1)), "if"),
    ] {
        let answer = manager.send(query, variables.clone()).await;
        assert_eq!((answer.status, texts(&answer).0.as_str()), (400, "INVALID_INPUT"), "{variables}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["extensions"]["fields"][0]["path"], path, "{variables}: {}", answer.body);
    }
    assert_eq!(app.value("select count(*) from support_tickets").await, 0);
}

#[tokio::test]
async fn variables_are_coerced_as_the_specification_has_it() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket("Printer").await;
    let count = async |declared: &str, used: &str, variables: Value| {
        let query = format!("query ({declared}) {{ tickets({used}) {{ nodes {{ title }} }} }}");
        let answer = manager.send(&query, variables).await;
        assert_eq!(answer.code(), None, "{declared}: {}", answer.body);
        answer.body["data"]["tickets"]["nodes"].as_array().unwrap().len()
    };

    // One value where a list is wanted is a list of one.
    assert_eq!(count("$s: [TicketStatus!]", "filter: { status: $s }", json!({ "s": "OPEN" })).await, 1);
    assert_eq!(count("$f: TicketFilter", "filter: $f", json!({ "f": { "status": "CLOSED" } })).await, 0);
    // Defaults, of enums and objects too.
    assert_eq!(count("$s: [TicketStatus!] = [CLOSED]", "filter: { status: $s }", json!({})).await, 0);
    assert_eq!(count("$s: [TicketStatus!] = CLOSED", "filter: { status: $s }", json!({})).await, 0);
    assert_eq!(count("$s: [TicketStatus!] = [CLOSED]", "filter: { status: $s }", json!({ "s": ["OPEN"] })).await, 1);
    assert_eq!(count("$f: TicketFilter = { status: [CLOSED], assigned: false }", "filter: $f", json!({})).await, 0);
    let order = "$o: TicketOrder = { field: PRIORITY, direction: ASC }";
    assert_eq!(count(order, "order: $o", json!({})).await, 1);
    // Absent, or null: no filter.
    assert_eq!(count("$s: [TicketStatus!]", "filter: { status: $s }", json!({})).await, 1);
    assert_eq!(count("$s: [TicketStatus!]", "filter: { status: $s }", json!({ "s": null })).await, 1);
    assert_eq!(count("$n: Int", "first: $n", json!({})).await, 1);
    assert_eq!(count("$n: Int, $other: Int = 3", "first: $n, last: $other", json!({ "other": null })).await, 1);
}

#[tokio::test]
async fn an_absent_variable_leaves_the_default_of_its_place() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "mutation ($priority: TicketPriority) {
        openTicket(input: { title: \"a\", description: \"b\", priority: $priority }) { ticket { priority } } }";

    let absent = manager.send(query, json!({})).await;
    let given = manager.send(query, json!({ "priority": "LOW" })).await;

    assert_eq!(absent.body["data"], json!({ "openTicket": { "ticket": { "priority": "MEDIUM" } } }), "{}", absent.body);
    assert_eq!(given.body["data"], json!({ "openTicket": { "ticket": { "priority": "LOW" } } }));
}

#[tokio::test]
async fn an_internal_error_tells_nothing_but_its_request() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.ask("{ tickets { nodes { title } } }", json!({})).await;
    app.execute("alter table support_tickets rename column title to caption").await;

    let read = manager.send("{ tickets { nodes { title } } viewer { role } }", json!({})).await;
    let written = manager
        .send("mutation { openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } } }", json!({}))
        .await;

    for answer in [read, written] {
        let error = &answer.body["errors"][0];
        assert_eq!(error["message"], "internal error", "{}", answer.body);
        let extensions = error["extensions"].as_object().unwrap();
        assert_eq!(extensions.keys().collect::<Vec<_>>(), ["code", "requestId"]);
        assert_eq!(extensions["code"], "INTERNAL");
        let text = answer.body.to_string().to_lowercase();
        for word in ["select", "does not exist", "relation", "diesel", "support_tickets", "caption"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[tokio::test]
async fn a_broken_statement_does_not_break_the_requests_after_it() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    app.execute("alter table ticket_messages rename column body to words").await;
    let ticket = manager.open_ticket("Printer").await;

    for _ in 0..8 {
        let query = "query ($id: ID!) { ticket(id: $id) { messages { nodes { body } } } }";
        assert_eq!(manager.fail(query, json!({ "id": ticket })).await, "INTERNAL");
    }

    let fine = manager.ask("{ tickets { nodes { title } } }", json!({})).await;
    assert_eq!(fine["tickets"]["nodes"][0]["title"], "Printer");
}

#[tokio::test]
async fn every_error_carries_the_requests_id() {
    let app = TestApp::new().await;
    let clinician = app.clinic("Oak").await.person(clinigraph::kernel::actor::SystemRole::Clinician).await;

    for query in
        ["{", "{ nothing }", "{ tickets { totalCount } }", "{ a: tickets { totalCount } b: ticket(id: \"x\") { id } }"]
    {
        let answer = clinician.send_with(query, json!({}), &[("x-request-id", "my-own-id")]).await;
        for error in answer.body["errors"].as_array().unwrap() {
            assert_eq!(error["extensions"]["requestId"], "my-own-id", "{query}");
        }
    }
}

#[tokio::test]
async fn what_an_operation_costs_is_told() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let nothing = manager.send("{ __typename }", json!({})).await;
    let page = manager.send("{ tickets(first: 10) { nodes { id clinic { id } } } }", json!({})).await;

    assert_eq!(nothing.body["extensions"]["cost"], json!({ "cost": 0, "limit": 2000, "sqlCount": 0 }));
    assert_eq!(page.body["extensions"]["cost"], json!({ "cost": 21, "limit": 2000, "sqlCount": 1 }));
}

#[tokio::test]
async fn strangers_see_neither_schema_nor_statements_in_production() {
    let strict = Settings { development: false, ..settings() };
    let app = TestApp::with(strict, 4).await;
    let manager = app.clinic("Oak").await.manager().await;

    for query in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ ... { a: __schema { queryType { name } } } }",
        "{ ...F } fragment F on Query { __typename __schema { queryType { name } } }",
        "query ($yes: Boolean = true) { __schema @include(if: $yes) { queryType { name } } }",
    ] {
        let stranger = app.nobody().send(query, json!({})).await;
        assert_eq!((stranger.status, texts(&stranger).0.as_str()), (401, "UNAUTHENTICATED"), "{query}");
        manager.ask(query, json!({})).await;
    }
    let typename = app.nobody().send("{ __typename }", json!({})).await;
    assert_eq!(typename.body["data"], json!({ "__typename": "Query" }));
    assert_eq!(typename.body["extensions"]["cost"], json!({ "cost": 0, "limit": 2000 }));
}

#[tokio::test]
async fn only_who_may_see_the_schema_is_told_what_they_may_have_meant() {
    let strict = Settings { development: false, ..settings() };
    let app = TestApp::with(strict, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    let message = async |person: &Person| {
        person.send("{ viever { role } }", json!({})).await.body["errors"][0]["message"].as_str().unwrap().to_owned()
    };

    assert!(message(&manager).await.contains("viewer"));
    assert!(!message(&app.nobody()).await.contains("viewer"));
    assert!(
        !message(&Person::new(app.address, Some("made up".to_owned()), uuid::Uuid::nil())).await.contains("viewer")
    );
}
