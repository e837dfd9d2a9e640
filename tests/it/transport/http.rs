//! GraphQL over HTTP: media types, status codes, methods, and what every answer carries.

use http::Method;
use serde_json::json;

use crate::harness::TestApp;
use crate::wire::client::{Front, GRAPHQL, JSON, STREAM, got};

#[tokio::test]
async fn the_status_follows_the_media_type() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let cases = [
        ("{ __typename }", "", 200),
        ("{", "PARSE_FAILED", 400),
        ("{ nope }", "VALIDATION_FAILED", 400),
        ("query A { __typename } query B { __typename }", "VALIDATION_FAILED", 400),
    ];
    for (query, code, status) in cases {
        for accept in [GRAPHQL, JSON] {
            let got = got(front.query(query).header("accept", accept)).await;

            assert_eq!(got.status, if accept == GRAPHQL { status } else { 200 }, "{query} {accept}");
            assert_eq!(got.code(), code, "{query}");
            assert_eq!(got.header("content-type"), format!("{accept}; charset=utf-8"));
            // What fails before it is executed has no data, not even null.
            assert_eq!(got.json().get("data").is_some(), code.is_empty(), "{query}");
        }
    }
}

#[tokio::test]
async fn a_field_that_fails_leaves_the_status_at_200() {
    let app = TestApp::new().await;
    let got = got(Front::new(app.address).query("{ tickets { totalCount } }").header("accept", GRAPHQL)).await;

    assert_eq!((got.status, got.json()["data"].clone()), (200, json!({ "tickets": null })));
    assert_eq!(got.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_token_that_is_worth_nothing_is_refused_whole() {
    let app = TestApp::new().await;
    let got =
        got(Front::new(app.address).query("{ __typename }").bearer_auth("nothing").header("accept", GRAPHQL)).await;

    assert_eq!((got.status, got.json().get("data")), (401, None));
}

#[tokio::test]
async fn every_answer_forbids_storing_and_guessing() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let requests = [
        front.query("{ __typename }"),
        front.query("{"),
        front.post().body("nonsense"),
        front.get("/nowhere"),
        front.get("/health/live"),
        front.get("/graphiql/config.json"),
    ];
    for request in requests {
        let got = got(request).await;

        assert_eq!(got.header("cache-control"), "no-store");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_eq!(got.header("referrer-policy"), "no-referrer");
        assert!(got.header("content-security-policy").contains("default-src 'none'"));
        assert!(!got.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn accept_is_negotiated() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let cases = [
        ("", JSON),
        ("*/*", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/*", JSON),
        ("application/graphql-response+json, application/json", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/json, */*", JSON),
        ("application/graphql-response+json, */*", GRAPHQL),
        ("APPLICATION/JSON", JSON),
        ("application/json;charset=\"UTF-8\"", JSON),
        ("application/json;q=0, application/graphql-response+json", GRAPHQL),
        // urql and Apollo Client.
        ("application/graphql-response+json, application/graphql+json, application/json, text/event-stream", GRAPHQL),
        ("multipart/mixed;subscriptionSpec=1.0, application/graphql-response+json, application/json", GRAPHQL),
    ];
    for (accept, wanted) in cases {
        let mut request = front.query("{ __typename }");
        if !accept.is_empty() {
            request = request.header("accept", accept);
        }
        let got = got(request).await;

        assert_eq!((got.status, got.header("content-type")), (200, &*format!("{wanted}; charset=utf-8")), "{accept}");
    }
    for accept in ["text/html", "application/json;q=0", "application/json; charset=iso-8859-1", "*/*;q=0"] {
        let got = got(front.query("{ __typename }").header("accept", accept)).await;

        assert_eq!((got.status, &*got.code()), (406, "OPERATION_NOT_ALLOWED"), "{accept}");
    }
}

#[tokio::test]
async fn only_get_and_post_are_taken() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "ODD"] {
        let request = front.client.request(method.parse().unwrap(), front.url("/graphql"));
        let got = got(request.header("content-type", JSON).body(r#"{"query":"{__typename}"}"#)).await;

        assert_eq!((got.status, got.header("allow")), (405, "GET, POST"), "{method}");
    }
    let got = got(front.client.request(Method::OPTIONS, front.url("/graphql"))).await;
    assert_eq!((got.status, got.header("allow")), (204, "GET, POST, OPTIONS"));
}

#[tokio::test]
async fn a_mutation_by_get_is_refused_with_405() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (front, manager) = (Front::new(app.address), oak.manager().await);
    let mutation = "mutation%7BopenTicket(input:%7Btitle:%22a%22,description:%22b%22%7D)%7Bticket%7Bid%7D%7D%7D";
    for accept in [JSON, GRAPHQL, STREAM] {
        let request = front.get(&format!("/graphql?query={mutation}")).bearer_auth(manager.token.as_ref().unwrap());
        let got = got(request.header("accept", accept)).await;

        assert_eq!((got.status, got.header("allow"), &*got.code()), (405, "POST", "OPERATION_NOT_ALLOWED"), "{accept}");
    }
    assert_eq!(manager.ask("{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"], 0);
}

#[tokio::test]
async fn a_get_is_a_query_string() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let query = "query+A($b:Boolean!)%7Ba:viewer+@include(if:$b)%7Brole%7D%7D+query+C%7Bviewer%7Brole%7D%7D";
    let get = |rest: &str| got(front.get(&format!("/graphql?query={query}&{rest}")).header("accept", GRAPHQL));

    let got_a = get("operationName=A&variables=%7B%22b%22:true%7D&unknown=x").await;
    assert_eq!(got_a.json()["data"], json!({ "a": null }));
    let got_a = get("operationName=A&variables=%7B%22b%22:false%7D&extensions=").await;
    assert_eq!(got_a.json()["data"], json!({}));
    assert_eq!(get("operationName=C&variables=").await.json()["data"], json!({ "viewer": null }));
    // Under another name it is not there.
    assert_eq!(get("operation_name=A").await.code(), "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_broken_query_string_gets_a_coded_answer() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let broken = [
        "",
        "x=1",
        "query=%7Ba%7D&query=%7Ba%7D",
        "query=%7",
        "query=%zz",
        "query=%ff",
        "query=%00",
        "query={a}&variables={",
        "query={a}&variables=[]",
        "query={a}&variables={\"a\":1,\"a\":2}",
        "query={a}&variables={\"a\":\"\\u0000\"}",
        "query={a}&extensions=1",
    ];
    for query in broken {
        let got = got(front.get(&format!("/graphql?{query}")).header("accept", GRAPHQL)).await;

        assert_eq!((got.status, &*got.code()), (400, "INVALID_INPUT"), "{query}");
    }
}
