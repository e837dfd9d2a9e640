//! What is counted and searched costs what it costs.

use serde_json::{Value, json};

use crate::harness::{Answer, Person, TestApp};

async fn cost(person: &Person, query: &str, variables: Value) -> u64 {
    let answer = person.send(query, variables).await;
    assert_eq!(answer.code(), None, "{query}: {}", answer.body);
    answer.body["extensions"]["cost"]["cost"].as_u64().unwrap()
}

fn refused(answer: &Answer) -> bool {
    answer.code().as_deref() == Some("TOO_COMPLEX")
}

#[tokio::test]
async fn counts_and_searches_cost_more_than_what_they_return() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    for (query, expected) in [
        ("{ tickets { nodes { title } } }", 26),
        ("{ tickets { totalCount nodes { title } } }", 51),
        ("{ tickets { nodes { messages(first: 1) { totalCount } } } }", 176),
        ("{ clinic { tickets(first: 1) { totalCount } } }", 27),
        ("{ tickets(filter: { text: \"printer\" }) { nodes { title } } }", 101),
        ("{ tickets(filter: { text: \"printer\" }) { totalCount } }", 101),
        ("{ tickets(filter: { text: null }) { nodes { title } } }", 26),
        ("{ ticketCounts { total } }", 100),
        ("{ ticketCounts(filter: { text: \"printer\" }) { total } }", 175),
    ] {
        assert_eq!(cost(&manager, query, json!({})).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_search_costs_the_same_however_it_is_written() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    for (query, variables) in [
        ("query ($t: String) { tickets(filter: { text: $t }) { totalCount } }", json!({ "t": "printer" })),
        ("query ($f: TicketFilter) { tickets(filter: $f) { totalCount } }", json!({ "f": { "text": "printer" } })),
        ("query ($t: String = \"printer\") { tickets(filter: { text: $t }) { totalCount } }", json!({})),
        // A variable without a value beside it is no reason not to see it.
        ("query ($a: Boolean) { tickets(filter: { text: \"printer\", assigned: $a }) { totalCount } }", json!({})),
        (
            "{ ...F } fragment F on Query { a: tickets(filter: { text: \"printer\" }) { ... { totalCount } } }",
            json!({}),
        ),
    ] {
        assert_eq!(cost(&manager, query, variables).await, 101, "{query}");
    }
}

#[tokio::test]
async fn many_searched_counts_cost_nearly_all_that_an_operation_may() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let searched = |count: usize| {
        let fields: String =
            (0..count).map(|at| format!("a{at}: tickets(filter: {{ text: \"p\" }}) {{ totalCount }} ")).collect();
        format!("{{ {fields} }}")
    };

    assert_eq!(cost(&manager, &searched(19), json!({})).await, 1_919);
    assert!(refused(&manager.send(&searched(20), json!({})).await));
}

/// A filter by words is priced by its name.
#[test]
fn every_filter_by_words_is_called_text() {
    let declared = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/support/ticket.rs")).unwrap();
    assert!(declared.contains("text: words()"));
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
            for line in lines.filter(|line| line.contains(": words()")) {
                assert!(line.starts_with("text: "), "{}: {line}", path.display());
            }
        }
    }
}
