//! The protocols of a connection, and the routes beside the API.

use axum::{Router, routing::post};
use tokio::io::AsyncWriteExt;

use crate::wire::{
    client::{GRAPHQL, JSON, STREAM, got, ms, rest},
    stub::StubApp,
};

fn http_2() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}

#[tokio::test]
async fn event_streams_go_over_http_2() {
    let app = StubApp::new().await;
    let request = http_2().post(app.url("/graphql")).header("content-type", JSON).header("accept", STREAM);
    let got = got(request.body(r#"{"query":"subscription { count(to: 2) }"}"#)).await;

    assert!(got.text.ends_with("event: complete\ndata:\n\n"), "{}", got.text);
}

#[tokio::test]
async fn an_idle_http_2_connection_is_given_up() {
    let app = StubApp::with(|config| config.idle_timeout = ms(300)).await;
    // The opening, SETTINGS, and HEADERS of GET /health/live.
    let mut headers = vec![0x82, 0x86, 0x04, 12];
    headers.extend(b"/health/live");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    bytes.extend([0, 0, u8::try_from(headers.len()).unwrap(), 1, 5, 0, 0, 0, 1]);
    bytes.extend(headers);
    let mut stream = app.tcp().await;
    stream.write_all(&bytes).await.unwrap();

    assert!(rest(&mut stream).await.contains("live"));
}

#[tokio::test]
async fn a_panic_costs_one_answer_only() {
    let app = StubApp::new().await;
    let panicked = got(app.query("{ panics }").header("accept", GRAPHQL)).await;

    assert_eq!((panicked.status, &*panicked.code()), (500, "INTERNAL"));
    assert_eq!(got(app.query("{ __typename }")).await.status, 200);
    app.until_running(0).await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let app = StubApp::with(|config| config.answer_timeout = ms(300)).await;
    let stuck = got(app.query("{ waits }").header("accept", GRAPHQL)).await;

    assert_eq!((stuck.status, &*stuck.code()), (503, "TIMEOUT"));
    app.until_running(0).await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_what_it_asked_for() {
    let app = StubApp::new().await;
    let asked = tokio::spawn(app.query("{ waits }").send());
    app.until_running(1).await;
    asked.abort();
    app.until_running(0).await;
}

#[tokio::test]
async fn more_routes_stand_beside_with_the_same_headers() {
    let app = StubApp::beside(Router::new().route("/webhooks/x", post(async || "fine")), |_| {}).await;
    let got = got(app.client.post(app.url("/webhooks/x"))).await;

    assert_eq!((&*got.text, got.header("x-content-type-options")), ("fine", "nosniff"));
}
