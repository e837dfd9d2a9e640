//! GraphQL over HTTP: media types, status codes, methods, and what every answer carries.

use crate::wire::{
    client::{GRAPHQL, got},
    stub::StubApp,
};

#[tokio::test]
async fn a_subscription_without_a_stream_is_not_acceptable() {
    let app = StubApp::new().await;
    let got = got(app.query("subscription { silent }")).await;

    assert_eq!((got.status, &*got.code()), (406, "OPERATION_NOT_ALLOWED"));
    app.until_running(0).await;
}

#[tokio::test]
async fn limits_of_the_pipeline_are_told_in_headers() {
    let app = StubApp::new().await;
    let got = got(app.query("{ limited }").header("accept", GRAPHQL)).await;

    assert_eq!((got.status, got.header("retry-after")), (429, "7"));
    let rate = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| got.header(name));
    assert_eq!(rate, ["5", "0", "7"]);
}

#[tokio::test]
async fn big_answers_are_compressed() {
    let app = StubApp::new().await;
    let cases = [("gzip", 5000, "gzip"), ("br, gzip", 5000, "br"), ("gzip", 900, ""), ("identity", 5000, "")];
    for (accepted, size, wanted) in cases {
        let got =
            app.query(&format!("{{ big(size: {size}) }}")).header("accept-encoding", accepted).send().await.unwrap();
        let encoding = got.headers().get("content-encoding").map(|encoding| encoding.to_str().unwrap().to_owned());

        assert_eq!(encoding.unwrap_or_default(), wanted, "{accepted} {size}");
        assert_eq!(got.bytes().await.unwrap().len() < 300, !wanted.is_empty(), "{accepted} {size}");
    }
}
