//! What the stock integration makes of HTTP.

use std::fmt::Write;

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{Pair, Side};
use crate::{
    harness::{TestApp, settings},
    wire::{
        client::{GRAPHQL, JSON, got, ms, one_answer, request, rest},
        stub::{StubApp, patient},
    },
};

const MUTATION: &str = r#"{"query":"mutation{signOut { signedOut }}"}"#;

async fn pair() -> (TestApp, Pair) {
    let app = TestApp::served(settings(), 4, patient()).await;
    let pair = Pair::of(app.address).await;
    (app, pair)
}

#[tokio::test]
async fn status_and_media_type() {
    let (_app, pair) = pair().await;
    let status =
        async |side: &Side, query: &str, accept: &str| got(side.query(query).header("accept", accept)).await.status;
    for query in ["{", "{ nope }", "query A { __typename } query B { __typename }"] {
        pair.contrast("a refusal", async |side| status(side, query, GRAPHQL).await, 400, 200).await;
        let data = async |side: &Side| got(side.query(query)).await.json().get("data").cloned();
        pair.contrast("data of what was not executed", data, None, Some(Value::Null)).await;
    }
    pair.contrast(
        "a type that is not accepted",
        async |side| status(side, "{ __typename }", "text/html").await,
        406,
        200,
    )
    .await;
    let media = async |side: &Side| {
        got(side.query("{ __typename }").header("accept", JSON)).await.header("content-type").to_owned()
    };
    let (ours, stock) = ("application/json; charset=utf-8".to_owned(), GRAPHQL.to_owned());
    pair.contrast("the type that is accepted", media, ours, stock).await;
}

/// Whether a mutation ran.
async fn ran(answered: reqwest::RequestBuilder) -> (u16, bool) {
    let got = got(answered).await;
    let data: Value = serde_json::from_str(&got.text).unwrap_or_default();
    (got.status, data["data"]["signOut"]["signedOut"] == true)
}

#[tokio::test]
async fn mutations_where_a_page_may_send_them() {
    let (app, pair) = pair().await;
    let token = app.clinic("Oak").await.manager().await.token.unwrap();
    let by_get = async |side: &Side| {
        ran(side.get("/graphql?query=mutation%7BsignOut%7BsignedOut%7D%7D").bearer_auth(&token)).await
    };
    pair.contrast("a mutation by GET", by_get, (405, false), (200, true)).await;
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let typed = async |side: &Side| {
            let request = side.client.post(side.url("/graphql")).bearer_auth(&token).body(MUTATION);
            ran(content_type.into_iter().fold(request, |request, value| request.header("content-type", value))).await
        };
        pair.contrast("a body of another type", typed, (415, false), (200, true)).await;
    }
    let multipart = async |side: &Side| {
        let mut form = String::new();
        for (name, value) in [("operations", MUTATION), ("map", r#"{"0":["variables.f"]}"#)] {
            write!(form, "--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
        }
        form.push_str("--x\r\ncontent-disposition: form-data; name=\"0\"; filename=\"f\"\r\n\r\nspooled\r\n--x--\r\n");
        let request = side.client.post(side.url("/graphql")).bearer_auth(&token).body(form);
        ran(request.header("content-type", "multipart/form-data; boundary=x")).await
    };
    pair.contrast("an upload that nobody asked for", multipart, (415, false), (200, true)).await;
}

#[tokio::test]
async fn names_methods_and_batches() {
    let (_app, pair) = pair().await;
    let named = async |side: &Side| {
        let query = "query+A%7Ba:__typename%7D+query+B%7Bb:__typename%7D";
        got(side.get(&format!("/graphql?query={query}&operationName=B"))).await.json()["data"].clone()
    };
    pair.contrast("operationName in a query string", named, json!({ "b": "Query" }), Value::Null).await;
    for method in ["PUT", "DELETE", "PATCH"] {
        let taken = async |side: &Side| {
            let request = side.client.request(method.parse().unwrap(), side.url("/graphql"));
            let got = got(request.header("content-type", JSON).body(r#"{"query":"{__typename}"}"#)).await;
            (got.status, got.header("allow").to_owned())
        };
        pair.contrast(method, taken, (405, "GET, POST".to_owned()), (200, String::new())).await;
    }
    let batch = async |side: &Side| {
        let many = format!("[{}]", vec![r#"{"query":"{__typename}"}"#; 1000].join(","));
        got(side.post().body(many)).await.json().as_array().map_or(0, Vec::len)
    };
    pair.contrast("a thousand requests in one", batch, 0, 1000).await;
}

#[tokio::test]
async fn bodies() {
    let (_app, pair) = pair().await;
    let texts = async |side: &Side| {
        let got = got(side.post().body("nonsense")).await;
        (got.status, got.header("content-type").to_owned(), got.text.contains("Error("))
    };
    let (ours, stock) = ((400, "application/json; charset=utf-8".to_owned(), false), (400, String::new(), true));
    pair.contrast("what is no JSON", texts, ours, stock).await;
    let big = async |side: &Side| {
        let body = json!({ "query": "{ __typename }", "x": "x".repeat(10 << 20) });
        got(side.post().body(body.to_string())).await.status
    };
    pair.contrast("ten megabytes", big, 413, 200).await;
    for (what, body) in [
        ("a NUL", r#"{"query":"{__typename}","variables":{"a":"\u0000"}}"#),
        ("a key that comes twice", r#"{"query":"{__typename}","variables":{"a":1,"a":2}}"#),
    ] {
        pair.contrast(what, async |side| got(side.post().body(body)).await.status, 400, 200).await;
    }
}

#[tokio::test]
async fn headers() {
    let (_app, pair) = pair().await;
    let names = ["cache-control", "x-content-type-options", "content-security-policy", "x-request-id"];
    let there = async |side: &Side| {
        let got = got(side.query("{ __typename }")).await;
        names.map(|name| !got.header(name).is_empty())
    };
    pair.contrast("what forbids storing and guessing", there, [true; 4], [false; 4]).await;
}

#[tokio::test]
async fn connections() {
    let app = StubApp::with(|config| config.header_timeout = ms(200)).await;
    let pair = Pair::of(app.address).await;
    let slow = async |side: &Side| {
        let mut all = Vec::new();
        for _ in 0..200 {
            let mut stream = side.tcp().await;
            stream.write_all(b"POST /graphql HTTP/1.1\r\nx: ").await.unwrap();
            all.push(stream);
        }
        // Together, as each that stays is waited for.
        let gone =
            all.iter_mut().map(|stream| async { usize::from(timeout(side.patience, rest(stream)).await.is_ok()) });
        futures_util::future::join_all(gone).await.into_iter().sum::<usize>()
    };
    pair.contrast("of 200 that never end their heads, gone are", slow, 200, 0).await;

    let app = StubApp::with(|config| config.max_connections = 2).await;
    let pair = Pair::of(app.address).await;
    let third = async |side: &Side| {
        let _taken = (side.tcp().await, side.tcp().await);
        let mut third = side.tcp().await;
        third.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
        // Ours lets it wait, so here it is the one that has to be seen doing nothing.
        timeout(ms(2000), one_answer(&mut third)).await.is_ok()
    };
    pair.contrast("a third connection where there is room for two is served", third, false, true).await;
}
