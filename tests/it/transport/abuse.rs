//! The worst documents there are, and what they cost. `cargo test --release --test it -- --ignored abuse --nocapture`
//! measures: a test that is timed while others run would tell nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::harness::{TestApp, settings};
use crate::wire::{
    client::{Front, GRAPHQL, got},
    stub::patient,
    ws::Socket,
};

/// Fragments that each spread the next twice.
pub fn fan_out(levels: usize) -> String {
    let mut text = "{ ...F0 }".to_owned();
    for level in 0..levels {
        write!(text, " fragment F{level} on Query {{ ...F{0} ...F{0} }}", level + 1).unwrap();
    }
    write!(text, " fragment F{levels} on Query {{ __typename }}").unwrap();
    text
}

/// The same, where no operation spreads them.
pub fn fan_out_unused(levels: usize) -> String {
    fan_out(levels).replacen("...F0", "__typename", 1)
}

/// Few enough for a server that visits them to come to an end, and many enough to be over the limit.
pub fn fan_out_to_nothing() -> String {
    fan_out(22).replace("{ __typename }", "{ ...Missing }")
}

/// Documents that nest brackets as deep as 16 KiB allow, some of them behind what only looks like a string. All are
/// well formed: one with an end missing is given up by the parser on its way down.
pub fn deep() -> Vec<(&'static str, String)> {
    let lists = format!("{}1{}", "[".repeat(7_500), "]".repeat(7_500));
    let hidden = |before: &str| format!("{{ a(b: [{before} {lists}]) }}");
    vec![
        ("fields", format!("{}{}", "{a".repeat(5_000), "}".repeat(5_000))),
        ("inline fragments", format!("{{{}a{}}}", "...{".repeat(3_000), "}".repeat(3_000))),
        ("lists", hidden("")),
        ("objects", format!("{{ a(b: {}1{}) }}", "{c:".repeat(4_000), "}".repeat(4_000))),
        ("types", format!("query ($a: {}Int{}) {{ a }}", "[".repeat(7_500), "]".repeat(7_500))),
        ("a block string without an end, which is an empty string and another", hidden("\"\"\"x\"")),
        ("an empty string and a string", hidden("\"\" \"\"")),
        ("an escape in a block string", hidden("\"\"\"\\\"\"\"\"\"\"\"x\"")),
        ("a backslash in a block string", hidden("\"\"\"\\\\\"\"\"\"\"\"")),
        ("a comment", hidden("#\"\"\"\r")),
        ("a string with a line end", hidden("\"\n\"")),
    ]
}

/// Documents within the limits, or as near as one can come, that do as much as they can.
fn worst() -> Vec<(&'static str, String, Value)> {
    let none = || json!({});
    let fields = |count: usize, field: &str| field.repeat(count);
    let mut chain = "{ ...F0 }".to_owned();
    for at in 0..250 {
        write!(chain, " fragment F{at} on Query {{ ...F{} }}", at + 1).unwrap();
    }
    chain.push_str(" fragment F250 on Query { __typename }");
    let mut overlaps = String::from("{ viewer { user { ");
    overlaps.push_str(&fields(1_980, "id "));
    overlaps.push_str("} } }");
    let mut aliased = String::from("{ tickets(first: 1) { nodes { ");
    for at in 0..30 {
        write!(aliased, "a{at}: clinic {{ id }} ").unwrap();
    }
    aliased.push_str("} } }");
    let directives = format!("{{ viewer {{ {} }} }}", fields(20, "role @include(if: true) "));
    let many_directives = format!("{{ viewer {{ role {} }} }}", fields(280, "@skip(if: false) "));
    let introspection =
        "{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } args { type { name } } } } } }";
    let wide_introspection = {
        let (outer, inner) = ("name kind description ".repeat(200), "name description ".repeat(200));
        format!("{{ __schema {{ types {{ {outer} fields {{ {inner} type {{ {outer} }} }} }} }} }}")
    };
    let circles = "{ __schema { types { fields { type { ofType { fields { type { ofType { name } } } } } } } } }";
    let unknown = format!("{{ {} }}", (0..1_990).map(|at| format!("f{at} ")).collect::<String>());
    let unused: String = (0..240).map(|at| format!("fragment U{at} on Query {{ __typename }} ")).collect();
    let variables: String = (0..480).map(|at| format!("$v{at}: Int ")).collect();
    let list = format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"ticket_01jd3v0000e008000000000000\" ".repeat(100));
    let object = format!("{{ tickets(filter: {}1{}) {{ totalCount }} }}", "{a: ".repeat(50), "}".repeat(50));
    let long_text = "x".repeat(900_000);
    let deep_value = (0..120).fold(json!(1), |inner, _| json!({ "a": inner }));
    let wide_value: Value =
        (0..60_000).map(|at| (format!("k{at}"), json!(at))).collect::<serde_json::Map<_, _>>().into();
    let filter = "query ($f: TicketFilter) { tickets(filter: $f) { totalCount } }".to_owned();
    vec![
        ("fragments that fan out", fan_out(180), none()),
        ("fragments that fan out, unused", fan_out_unused(180), none()),
        ("a chain of fragments", chain, none()),
        ("one field 1,980 times", overlaps, none()),
        ("30 aliases of an edge", aliased, none()),
        ("20 directives", directives, none()),
        ("280 directives", many_directives, none()),
        ("introspection of everything", introspection.to_owned(), none()),
        ("introspection, every field 200 times", wide_introspection, none()),
        ("introspection in circles", circles.to_owned(), none()),
        ("1,990 unknown fields", unknown, none()),
        ("240 unused fragments", format!("{{ __typename }} {unused}"), none()),
        ("480 unused variables", format!("query ({variables}) {{ __typename }}"), none()),
        ("100 ids", list, none()),
        ("an object 50 deep", object, none()),
        ("a text of 900 kB", filter.clone(), json!({ "f": { "text": long_text } })),
        ("a value 120 deep", filter.clone(), json!({ "f": deep_value })),
        ("a value of 60,000 keys", filter.clone(), json!({ "f": wide_value })),
        ("a list of 120,000 items", filter, json!({ "f": { "priority": vec!["HIGH"; 120_000] } })),
    ]
}

/// CPU that this process has used, in milliseconds.
#[cfg(target_os = "linux")]
fn cpu() -> f64 {
    // Counted in nanoseconds, unlike the ticks of `stat`.
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let spent = threads.filter_map(|thread| {
        let shown = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        shown.split_whitespace().next()?.parse::<f64>().ok()
    });
    spent.sum::<f64>() / 1e6
}

/// Kilobytes that this process holds.
#[cfg(target_os = "linux")]
pub fn memory() -> u64 {
    let shown = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = shown.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "measures, so it wants a machine of its own and a release build"]
async fn the_worst_documents_cost_less_than_100_ms_of_cpu() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let manager = app.clinic("Oak").await.manager().await;
    let front = Front::new(app.address);
    let mut socket = Socket::greeted_with(&front, json!({ "token": manager.token })).await;
    got(front.query("{ __typename }")).await;
    let before = memory();
    let mut too_dear = Vec::new();
    let deep = deep().into_iter().map(|(what, document)| (what, document, json!({})));
    for (what, document, variables) in worst().into_iter().chain(deep) {
        // Sending and reading is in the figures, but not the work of those who attack.
        let body = json!({ "query": document, "variables": variables }).to_string();
        let message = format!(r#"{{"type":"subscribe","id":"1","payload":{body}}}"#);
        let request = front.post().header("accept", GRAPHQL).bearer_auth(manager.token.as_ref().unwrap()).body(body);
        let begun = cpu();
        let answer = got(request).await;
        let first = cpu() - begun;
        let code = answer.code();
        // What a repetition costs, and the other transport.
        let begun = cpu();
        socket.say_text(message).await;
        while !["error", "complete"].contains(&socket.hear().await["type"].as_str().unwrap()) {}
        let again = cpu() - begun;
        println!("{first:8.1} ms, again {again:8.1} ms  {code:18} {what}");
        if first > 100.0 || again > 100.0 {
            too_dear.push(what);
        }
    }
    println!("memory: {before} kB before, {} kB after", memory());
    assert_eq!(too_dear, Vec::<&str>::new());
    assert!(memory() - before < 100 * 1024);
}
