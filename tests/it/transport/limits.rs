//! The limits of a document, each at its edge, over HTTP and over a socket: whatever is above one is refused before
//! anything visits it.

use clinigraph::pipeline::Settings;
use serde_json::json;

use super::abuse::{deep, fan_out, fan_out_to_nothing, fan_out_unused};
use crate::harness::{Person, TestApp, settings};
use crate::wire::{client::Front, stub::patient, ws::Socket};

/// The code that a document is refused with; empty where it is run.
async fn refusal(app: &TestApp, query: &str) -> String {
    app.nobody().send(query, json!({})).await.code().unwrap_or_default()
}

#[tokio::test]
async fn a_document_has_at_most_16_kib() {
    let app = TestApp::new().await;
    let sized = |bytes: usize| format!("{{ __typename }}{}", " ".repeat(bytes - "{ __typename }".len()));

    assert_eq!(refusal(&app, &sized(16 * 1024)).await, "");
    assert_eq!(refusal(&app, &sized(16 * 1024 + 1)).await, "TOO_LARGE");
}

#[tokio::test]
async fn a_document_has_at_most_2000_tokens() {
    let app = TestApp::new().await;
    let sized = |tokens: usize| format!("{{ a: nodes(ids: [] {}) {{ id }} }}", "b:1 ".repeat((tokens - 14) / 3));

    // There is no such argument, so what is short enough is refused for that.
    assert_eq!(refusal(&app, &sized(2000)).await, "VALIDATION_FAILED");
    assert_eq!(refusal(&app, &sized(2003)).await, "TOO_LARGE");
}

#[tokio::test]
async fn fields_stand_at_most_12_deep() {
    let app = TestApp::new().await;
    let deep = |levels: usize| format!("{}{}", "{ a ".repeat(levels), "}".repeat(levels));

    assert_eq!(refusal(&app, &deep(12)).await, "VALIDATION_FAILED");
    assert_eq!(refusal(&app, &deep(13)).await, "TOO_DEEP");
}

#[tokio::test]
async fn there_are_at_most_30_aliases_and_20_directives() {
    let app = TestApp::new().await;
    let aliases = |count: usize| {
        let fields: String = (0..count).map(|at| format!("a{at}: id ")).collect();
        format!("{{ viewer {{ user {{ {fields} }} }} }}")
    };
    assert_eq!(refusal(&app, &aliases(30)).await, "");
    assert_eq!(refusal(&app, &aliases(31)).await, "TOO_COMPLEX");

    let directives = |count: usize| format!("{{ viewer {{ {} }} }}", "role @include(if: true) ".repeat(count));
    assert_eq!(refusal(&app, &directives(20)).await, "");
    assert_eq!(refusal(&app, &directives(21)).await, "TOO_COMPLEX");
}

#[tokio::test]
async fn there_are_at_most_20_root_fields_however_they_are_written() {
    let app = TestApp::new().await;
    let fields = |count: usize| (0..count).map(|at| format!("a{at}: viewer {{ role }} ")).collect::<String>();
    let ways: [fn(String) -> String; 3] = [
        |fields| format!("{{ {fields} }}"),
        |fields| format!("{{ ... {{ ... on Query {{ {fields} }} }} }}"),
        |fields| format!("{{ ...A }} fragment A on Query {{ ...B }} fragment B on Query {{ {fields} }}"),
    ];
    for way in ways {
        assert_eq!(refusal(&app, &way(fields(20))).await, "", "{}", way(String::new()));
        assert_eq!(refusal(&app, &way(fields(21))).await, "TOO_COMPLEX", "{}", way(String::new()));
    }
}

#[tokio::test]
async fn a_list_of_input_has_at_most_250_items_however_it_is_given() {
    let app = TestApp::new().await;
    let list = |count: usize| vec!["HIGH"; count];
    let nobody = app.nobody();

    let query = "query ($p: [TicketPriority!]) { tickets(filter: { priority: $p }) { totalCount } }";
    let by_variable = async |count| nobody.fail(query, json!({ "p": list(count) })).await;
    assert_eq!((&*by_variable(250).await, &*by_variable(251).await), ("UNAUTHENTICATED", "INVALID_INPUT"));

    let by_literal = async |count| {
        let query = format!("{{ tickets(filter: {{ priority: [{}] }}) {{ totalCount }} }}", list(count).join(" "));
        nobody.fail(&query, json!({})).await
    };
    assert_eq!((&*by_literal(250).await, &*by_literal(251).await), ("UNAUTHENTICATED", "INVALID_INPUT"));
}

#[tokio::test]
async fn an_operation_costs_at_most_2000() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    let query = "query ($n: Int!) { tickets(first: 100) { nodes { messages(first: $n) { nodes { id } } } } }";

    let shown = administrator.send(query, json!({ "n": 17 })).await;
    assert_eq!((shown.code(), &shown.body["extensions"]["cost"]["limit"]), (None, &json!(2000)), "{}", shown.body);
    let refused = administrator.send(query, json!({ "n": 20 })).await;
    assert_eq!(refused.code().as_deref(), Some("TOO_COMPLEX"));
    assert_eq!(refused.body["errors"][0]["extensions"]["limit"], 2000);
}

#[tokio::test]
async fn fragments_that_multiply_are_counted_and_not_walked() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let mut socket = Socket::greeted(&Front::new(app.address)).await;
    for document in [fan_out(60), fan_out_unused(60), fan_out_to_nothing()] {
        assert_eq!(refusal(&app, &document).await, "TOO_COMPLEX");
        socket.subscribe("f", &document).await;
        assert_eq!(socket.refusal("f").await, "TOO_COMPLEX");
    }
    for circle in
        ["{ ...A } fragment A on Query { ...A }", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"]
    {
        assert_eq!(refusal(&app, circle).await, "VALIDATION_FAILED", "{circle}");
    }
}

#[tokio::test]
async fn no_way_of_nesting_reaches_the_parser() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let mut socket = Socket::greeted(&Front::new(app.address)).await;
    for (what, document) in deep() {
        assert!(settings().limits.check_text(&document).is_err(), "{what}");
        let code = refusal(&app, &document).await;
        assert!(["TOO_DEEP", "PARSE_FAILED"].contains(&&*code), "{what}: {code}");
        socket.subscribe("d", &document).await;
        assert_eq!(socket.refusal("d").await, code, "{what}");
    }
}

#[tokio::test]
async fn introspection_goes_round_in_no_circles() {
    let app = TestApp::new().await;
    let within =
        |levels: usize| format!("{}name{}", "type { ofType { fields { ".repeat(levels), "} } }".repeat(levels));
    let circle = |levels: usize| format!("{{ __schema {{ types {{ fields {{ {} }} }} }} }}", within(levels));
    assert_eq!(refusal(&app, &circle(1)).await, "");
    assert_eq!(refusal(&app, &circle(2)).await, "TOO_DEEP");
    let spread =
        format!("{{ __type(name: \"Query\") {{ ...T }} }} fragment T on __Type {{ fields {{ {} }} }}", within(2));
    assert_eq!(refusal(&app, &spread).await, "TOO_DEEP");
}

#[tokio::test]
async fn a_field_of_the_schema_that_is_said_twice_is_told_once() {
    let app = TestApp::new().await;
    let (once, often) = ("name fields { name }", "name fields { name } ... on __Type { name fields { name name } }");
    let ask =
        async |fields: &str| app.nobody().ask(&format!("{{ __schema {{ types {{ {fields} }} }} }}"), json!({})).await;
    assert_eq!(ask(once).await.to_string(), ask(often).await.to_string());
}

fn production() -> Settings {
    Settings { development: false, ..settings() }
}

#[tokio::test]
async fn the_schema_is_open_to_who_is_signed_in() {
    let app = TestApp::with(production(), 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    let ways = [
        "{ __schema { types { name } } }",
        "{ a: __type(name: \"User\") { name } }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { __schema { types { name } } }",
        "{ ... on Query { __type(name: \"User\") { name } } }",
        "query ($b: Boolean = true) { ... @include(if: $b) { __schema { types { name } } } }",
    ];
    for way in ways {
        assert_eq!(refusal(&app, way).await, "UNAUTHENTICATED", "{way}");
        manager.ask(way, json!({})).await;
    }
    assert_eq!(app.nobody().ask("{ __typename }", json!({})).await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn a_stranger_is_told_no_names_that_they_did_not_say() {
    let app = TestApp::with(production(), 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    let texts = async |person: &Person, query: &str| person.send(query, json!({})).await.body["errors"].to_string();
    assert!(texts(&manager, "{ viewerr { role } }").await.contains("Did you mean"));
    for misspelt in ["{ ticket(id: \"a\") { titel } }", "{ viewerr { role } }", "{ tickets(fist: 1) { totalCount } }"] {
        let shown = texts(&app.nobody(), misspelt).await;
        assert!(shown.contains("VALIDATION_FAILED") && !shown.contains("mean"), "{shown}");
    }
}

#[tokio::test]
async fn what_postgres_cannot_keep_is_refused_at_the_edge() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let written = "mutation { openTicket(input: { title: \"a\\u0000b\", description: \"c\" }) { ticket { id } } }";

    assert_eq!(manager.fail(written, json!({})).await, "INVALID_INPUT");
}
