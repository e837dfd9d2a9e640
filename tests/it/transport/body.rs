//! What a POST may carry: JSON in UTF-8, one request, of a limited size.

use futures_util::stream;
use serde_json::json;

use crate::harness::TestApp;
use crate::wire::client::{Front, GRAPHQL, JSON, got};

const MUTATION: &str = r#"{"query":"mutation{signOut { signedOut }}"}"#;

/// A request of exactly so many bytes.
fn sized(bytes: usize) -> String {
    let frame = r#"{"query":"{__typename}","x":""}"#.len();
    format!(r#"{{"query":"{{__typename}}","x":"{}"}}"#, "x".repeat(bytes - frame))
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let send = |content_type: Option<&str>| {
        let request = front.client.post(front.url("/graphql")).body(MUTATION);
        got(content_type.into_iter().fold(request, |request, value| request.header("content-type", value)))
    };
    let refused = [
        None,
        Some(""),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=iso-8859-1"),
        Some("application/jsonp"),
        Some("application/graphql"),
    ];
    for content_type in refused {
        let got = send(content_type).await;
        assert_eq!((got.status, &*got.code()), (415, "OPERATION_NOT_ALLOWED"), "{content_type:?}");
    }
    for content_type in ["application/json", "Application/JSON; Charset=UTF-8", "application/json;charset=\"utf-8\""] {
        assert_eq!(send(Some(content_type)).await.status, 200, "{content_type}");
    }
    assert_eq!(got(front.post().header("content-type", "text/plain").body(MUTATION)).await.status, 415, "two types");
    assert_eq!(got(front.post().header("content-encoding", "gzip").body(MUTATION)).await.status, 415, "compressed");
}

#[tokio::test]
async fn what_is_no_request_gets_a_coded_answer() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let deep = format!(r#"{{"query":"{{a}}","variables":{{"a":{}1{}}}}}"#, "[".repeat(500), "]".repeat(500));
    let texts = [
        "",
        "{",
        "nonsense",
        "null",
        "1",
        "[]",
        r#"[{"query":"{__typename}"}]"#,
        "{}",
        r#"{"query":null}"#,
        r#"{"query":1}"#,
        r#"{"query":"{a}","variables":[]}"#,
        r#"{"query":"{a}","variables":"x"}"#,
        r#"{"query":"{a}","extensions":1}"#,
        r#"{"query":"{a}","operationName":1}"#,
        r#"{"query":"{__typename}\u0000"}"#,
        r#"{"query":"{a}","variables":{"a":["\u0000"]}}"#,
        r#"{"query":"{a}","variables":{"\u0000":1}}"#,
        r#"{"query":"{a}","variables":{"a":"\ud800"}}"#,
        r#"{"query":"{a}","variables":{"a":"\udc00x"}}"#,
        r#"{"query":"{a}","query":"{b}"}"#,
        r#"{"query":"{a}","variables":{"a":1,"a":2}}"#,
        r#"{"query":"{a}"} x"#,
        r#"{"query":"{a}","x":1e999}"#,
        "{\"query\":\"{a}\n\"}",
        "\u{feff}{\"query\":\"{a}\"}",
        &deep,
    ];
    let bytes = [&b"{\"query\":\"{a}\xff\"}"[..], b"\xff"];
    for body in texts.iter().map(|text| text.as_bytes()).chain(bytes) {
        let shown = String::from_utf8_lossy(body);
        for accept in [JSON, GRAPHQL] {
            let got = got(front.post().header("accept", accept).body(body.to_vec())).await;

            assert_eq!((got.status, &*got.code()), (400, "INVALID_INPUT"), "{shown}");
            assert_eq!(got.header("content-type"), "application/json; charset=utf-8", "{shown}");
            assert_eq!(got.json()["errors"][0]["extensions"]["requestId"], json!(got.header("x-request-id")));
            let rusty = ["serde", "struct", "Value", "Option", "::"].iter().find(|word| got.text.contains(**word));
            assert_eq!(rusty, None, "{}", got.text);
        }
    }
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    const LIMIT: usize = 1 << 20;
    let app = TestApp::new().await;
    let front = Front::new(app.address);

    assert_eq!(got(front.post().body(sized(LIMIT))).await.status, 200);
    for bytes in [LIMIT + 1, 10 * LIMIT] {
        let whole = got(front.post().body(sized(bytes))).await;
        assert_eq!((whole.status, &*whole.code()), (413, "TOO_LARGE"), "{bytes}");

        // Without its length in a header.
        let text = sized(bytes).into_bytes();
        let chunks: Vec<_> = text.chunks(30_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
        let chunked = got(front.post().body(reqwest::Body::wrap_stream(stream::iter(chunks)))).await;
        assert_eq!((chunked.status, &*chunked.code()), (413, "TOO_LARGE"), "{bytes}");
    }
}

#[tokio::test]
async fn who_asks_before_sending_too_much_need_not_send_it() {
    let app = TestApp::new().await;
    let shown = Front::new(app.address)
        .raw(
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n\
             content-length: 99999999\r\n\r\n",
        )
        .await;

    assert!(shown.starts_with("HTTP/1.1 413"), "{shown}");
}
