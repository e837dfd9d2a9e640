//! `graphql-sse` in distinct connections mode.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::harness::TestApp;
use crate::wire::client::{Front, GRAPHQL, STREAM, got};

const COMPLETE: &str = "event: complete\ndata:\n\n";

fn events(front: &Front, query: &str) -> RequestBuilder {
    front.query(query).header("accept", STREAM)
}

#[tokio::test]
async fn queries_and_mutations_are_streams_of_one_event() {
    let app = TestApp::new().await;
    let (front, manager) = (Front::new(app.address), app.clinic("Oak").await.manager().await);
    let token = manager.token.as_ref().unwrap();

    let query = got(events(&front, "{ tickets { totalCount } }").bearer_auth(token)).await;
    assert!(query.text.starts_with("event: next\ndata: {\"data\":{\"tickets\":{\"totalCount\":0}}"), "{}", query.text);
    assert!(query.text.ends_with(COMPLETE));
    let open = "mutation { openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } } }";
    assert!(got(events(&front, open).bearer_auth(token)).await.text.contains("\"openTicket\""));
    assert_eq!(manager.ask("{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"], 1);
}

#[tokio::test]
async fn errors_of_the_document_go_through_the_stream_and_others_do_not() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);

    let invalid = got(events(&front, "{ nope }")).await;
    assert_eq!(invalid.status, 200);
    assert!(invalid.text.starts_with("event: next\ndata: {\"errors\"") && invalid.text.ends_with(COMPLETE));
    let stranger = got(events(&front, "{ __typename }").bearer_auth("nothing")).await;
    assert_eq!((stranger.status, stranger.header("content-type")), (401, &*format!("{GRAPHQL}; charset=utf-8")));
    let broken = got(front.post().header("accept", STREAM).body("{")).await;
    assert_eq!((broken.status, &*broken.code()), (400, "INVALID_INPUT"));
}
