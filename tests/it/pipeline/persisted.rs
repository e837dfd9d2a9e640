//! Documents known by their hash, and how much a caller may ask for in a minute.

use chrono::TimeDelta;
use clinigraph::pipeline::{Manifest, Operations, Rates, Settings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Person, TestApp, settings};

const DOCUMENT: &str = "{ viewer { role } }";

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends a body as it is; returns status, code and answer.
async fn post(app: &TestApp, body: &Value) -> (u16, Option<String>, Value) {
    let url = format!("http://{}/graphql", app.address);
    let answer = reqwest::Client::new()
        .post(url)
        .header("accept", "application/graphql-response+json")
        .json(body)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let code = body.pointer("/errors/0/extensions/code").and_then(Value::as_str).map(str::to_owned);
    (status, code, body)
}

fn by_hash(text: &str) -> Value {
    json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash(text) } } })
}

#[tokio::test]
async fn a_document_sent_once_with_its_hash_is_known_by_it() {
    let app = TestApp::new().await;

    let (_, unknown, _) = post(&app, &by_hash(DOCUMENT)).await;
    let mut both = by_hash(DOCUMENT);
    both["query"] = DOCUMENT.into();
    let (_, taught, _) = post(&app, &both).await;
    let (status, known, answer) = post(&app, &by_hash(DOCUMENT)).await;

    assert_eq!((unknown.as_deref(), taught, known), (Some("PERSISTED_QUERY_NOT_FOUND"), None, None));
    assert_eq!((status, &answer["data"]), (200, &json!({ "viewer": null })));
}

#[tokio::test]
async fn a_hash_of_another_document_is_refused_and_nothing_is_learnt() {
    let app = TestApp::new().await;

    let mut wrong = by_hash("{ __typename }");
    wrong["query"] = DOCUMENT.into();

    assert_eq!(post(&app, &wrong).await.1.as_deref(), Some("INVALID_INPUT"));
    assert_eq!(post(&app, &by_hash("{ __typename }")).await.1.as_deref(), Some("PERSISTED_QUERY_NOT_FOUND"));
}

#[tokio::test]
async fn beside_trusted_documents_none_is_run() {
    let trusting = Settings { operations: Operations::Trusted(Manifest::from([DOCUMENT])), ..settings() };
    let app = TestApp::with(trusting, 4).await;

    let by_text = post(&app, &json!({ "query": DOCUMENT })).await;
    let known = post(&app, &by_hash(DOCUMENT)).await;
    let other = post(&app, &json!({ "query": "{ viewer { permissions } }" })).await;

    assert_eq!((by_text.1, known.1), (None, None));
    // Not 405: by no method would it be run.
    assert_eq!((other.0, other.1.as_deref(), other.2.get("data")), (403, Some("OPERATION_NOT_ALLOWED"), None));
}

#[tokio::test]
async fn documents_of_a_manifest_are_known_without_having_been_sent() {
    let knowing = Settings { operations: Operations::Any(Manifest::from([DOCUMENT])), ..settings() };
    let app = TestApp::with(knowing, 4).await;

    let known = post(&app, &by_hash(DOCUMENT)).await;
    let other = post(&app, &json!({ "query": "{ viewer { permissions } }" })).await;

    assert_eq!((known.1, other.1), (None, None));
}

#[test]
fn a_manifest_whose_hashes_are_wrong_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manifest.json");

    std::fs::write(&file, json!({ hash(DOCUMENT): DOCUMENT }).to_string()).unwrap();
    assert!(Manifest::read(&file).is_ok());
    std::fs::write(&file, json!({ hash("x"): DOCUMENT }).to_string()).unwrap();
    assert!(Manifest::read(&file).is_err());
}

/// So that the minute does not change under the test.
fn at_the_start_of_a_minute(app: &TestApp) {
    app.clock.turn(TimeDelta::seconds(60 - app.clock.now().timestamp() % 60));
}

#[tokio::test]
async fn what_is_asked_for_in_a_minute_is_charged_to_who_asks() {
    let rated = Settings { rates: Rates { user: 60, anonymous: 3 }, ..settings() };
    let app = TestApp::with(rated, 4).await;
    let oak = app.clinic("Oak").await;
    at_the_start_of_a_minute(&app);
    let (one, other) = (oak.manager().await, oak.manager().await);
    let page = "{ tickets(first: 50) { nodes { id } } }";
    let code = async |person: &Person, document: &str| person.send(document, json!({})).await.code();

    assert_eq!(code(&one, page).await, None);
    assert_eq!(code(&one, page).await.as_deref(), Some("RATE_LIMITED"));
    assert_eq!(code(&other, page).await, None, "another person has a purse of their own");
    for _ in 0..3 {
        assert_eq!(code(&app.nobody(), "{ __typename }").await, None);
    }
    let refused = app.nobody().send("{ __typename }", json!({})).await;
    assert_eq!((refused.status, refused.code().as_deref()), (429, Some("RATE_LIMITED")));
    assert!(
        refused.body["errors"][0]["extensions"]["retryAfter"].as_u64().is_some_and(|wait| (1..=60).contains(&wait))
    );
    app.clock.turn(TimeDelta::seconds(60));
    assert_eq!(code(&one, page).await, None, "a new minute");
}

#[tokio::test]
async fn what_is_refused_is_charged_to_its_address_before_it_is_read() {
    let rated = Settings { rates: Rates { user: 60, anonymous: 30 }, ..settings() };
    let app = TestApp::with(rated, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    at_the_start_of_a_minute(&app);
    let code = async |person: &Person, document: &str| person.send(document, json!({})).await.code();
    assert_eq!(code(&manager, "{ __typename }").await, None);

    for document in ["{", "{ nope }", "{ ...F } fragment F on Query { ...F }"] {
        assert_ne!(code(&app.nobody(), document).await.as_deref(), Some("RATE_LIMITED"), "{document}");
    }
    // By then nothing of this address is read, whatever caller it claims…
    assert_eq!(code(&app.nobody(), "{").await.as_deref(), Some("RATE_LIMITED"));
    let claims = Person::new(app.address, Some("nobody knows this".to_owned()), uuid::Uuid::nil());
    assert_eq!(code(&claims, "{ __typename }").await.as_deref(), Some("RATE_LIMITED"));
    // …but for those who were known as somebody before, each as long as their own lasts.
    assert_eq!(code(&manager, "{ __typename }").await, None);
    for _ in 0..6 {
        assert_eq!(code(&manager, "{").await.as_deref(), Some("PARSE_FAILED"));
    }
    assert_eq!(code(&manager, "{").await.as_deref(), Some("RATE_LIMITED"));
    app.clock.turn(TimeDelta::seconds(60));
    assert_eq!(code(&app.nobody(), "{ __typename }").await, None);
}

#[tokio::test]
async fn headers_tell_what_is_left() {
    let rated = Settings { rates: Rates { user: 60, anonymous: 2 }, ..settings() };
    let app = TestApp::with(rated, 4).await;
    at_the_start_of_a_minute(&app);
    let url = format!("http://{}/graphql", app.address);
    for remaining in ["1", "0", "0"] {
        let query = json!({ "query": "{ __typename }" });
        let answer = reqwest::Client::new().post(&url).json(&query).send().await.unwrap();
        let texts = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((&*texts("ratelimit-limit"), &*texts("ratelimit-remaining")), ("2", remaining));
        assert!((1..=60).contains(&texts("ratelimit-reset").parse::<u64>().unwrap()));
    }
}
