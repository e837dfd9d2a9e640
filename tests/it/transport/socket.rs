//! `graphql-transport-ws`: the handshake, operations, pings and caps.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{TestApp, settings};
use crate::wire::{
    client::Front,
    stub::patient,
    ws::{PROTOCOL, Socket},
};

type Headers<'a> = &'a [(&'static str, &'a str)];

#[tokio::test]
async fn the_handshake_is_checked() {
    let mut config = patient();
    config.origins = vec!["https://app.example.org".to_owned()];
    let app = TestApp::served(settings(), 4, config).await;
    let front = Front::new(app.address);
    let (own, cookie) = (format!("http://{}", app.address), ("cookie", "__Host-clinigraph=t"));
    let refused: [(Headers, u16); 6] = [
        (&[], 400),
        (&[("sec-websocket-protocol", "graphql-ws")], 400),
        (&[("sec-websocket-protocol", "soap")], 400),
        (&[PROTOCOL, ("origin", "https://evil.example")], 403),
        (&[PROTOCOL, ("origin", "null")], 403),
        (&[PROTOCOL, cookie], 403),
    ];
    for (headers, status) in refused {
        let refusal = Socket::dial(&front, headers).await.err();
        assert_eq!(refusal, Some((status, "OPERATION_NOT_ALLOWED".to_owned())), "{headers:?}");
    }
    let taken: [Headers; 5] = [
        &[PROTOCOL],
        &[PROTOCOL, ("origin", &own)],
        &[PROTOCOL, ("origin", "https://app.example.org")],
        &[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")],
        &[PROTOCOL, cookie, ("origin", &own)],
    ];
    for headers in taken {
        assert!(Socket::dial(&front, headers).await.is_ok(), "{headers:?}");
    }
}

#[tokio::test]
async fn a_handshake_of_another_version_is_refused() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let shake = |rest: &str| {
        front.raw(format!(
            "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
             sec-websocket-protocol: graphql-transport-ws\r\n{rest}\r\n"
        ))
    };
    let old = shake("sec-websocket-version: 12\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n").await;
    assert!(old.starts_with("HTTP/1.1 426") && old.contains("sec-websocket-version: 13"), "{old}");
    let keyless = shake("sec-websocket-version: 13\r\n").await;
    assert!(keyless.starts_with("HTTP/1.1 400"), "{keyless}");
}

#[tokio::test]
async fn queries_and_mutations_take_the_same_path_as_over_http() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let (front, manager) = (Front::new(app.address), app.clinic("Oak").await.manager().await);
    let mut socket = Socket::greeted_with(&front, json!({ "token": manager.token })).await;

    socket.subscribe("a", "{ viewer { user { id } } }").await;
    let shown = socket.result("a").await;
    assert_eq!(shown["data"]["viewer"]["user"]["id"], manager.api_id());
    assert!(shown["extensions"]["cost"]["cost"].is_number());

    // An id that is free again may be used again, and a repeated key does nothing twice.
    let open = json!({
        "query": "mutation { openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } } }",
        "extensions": { "idempotencyKey": "once" },
    });
    let mut ids = Vec::new();
    for _ in 0..2 {
        socket.say(json!({ "type": "subscribe", "id": "a", "payload": open })).await;
        ids.push(socket.result("a").await["data"]["openTicket"]["ticket"]["id"].clone());
    }
    assert!(ids[0].is_string() && ids[0] == ids[1], "{ids:?}");
    assert_eq!(manager.ask("{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"], 1);

    // A field that fails is no failure of the operation.
    socket.subscribe("b", "{ node(id: \"nonsense\") { id } }").await;
    assert_eq!(socket.result("b").await["errors"][0]["extensions"]["code"], "INVALID_ID");
}

#[tokio::test]
async fn what_is_refused_comes_as_one_error() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let mut socket = Socket::greeted(&Front::new(app.address)).await;
    for (query, code) in [("{ nope }", "VALIDATION_FAILED"), ("{", "PARSE_FAILED"), ("", "PARSE_FAILED")] {
        socket.subscribe("e", query).await;
        assert_eq!(socket.refusal("e").await, code, "{query}");
        socket.assert_silent().await;
    }
    let payloads = [
        r#"{"query":"{a}\u0000"}"#,
        r#"{"query":"{a}","variables":{"a":"\ud800"}}"#,
        r#"{"query":"{a}","variables":{"a":1,"a":1}}"#,
        r#"{"query":"{a}","extensions":{"idempotencyKey":5}}"#,
        r#"{"query":"{a}","extensions":{"idempotencyKey":"ä"}}"#,
    ];
    for payload in payloads {
        socket.say_text(format!(r#"{{"type":"subscribe","id":"e","payload":{payload}}}"#)).await;
        assert_eq!(socket.refusal("e").await, "INVALID_INPUT", "{payload}");
    }
}

#[tokio::test]
async fn a_session_that_ends_is_noticed_by_the_next_operation() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut socket = Socket::greeted_with(&Front::new(app.address), json!({ "token": manager.token })).await;
    manager.ask("mutation { signOut { signedOut } }", json!({})).await;

    socket.subscribe("1", "{ viewer { user { id } } }").await;
    assert_eq!(socket.refusal("1").await, "SESSION_EXPIRED");
}

#[tokio::test]
async fn a_session_that_ends_takes_its_idle_sockets_along() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let (front, oak) = (Front::new(app.address), app.clinic("Oak").await);
    let manager = oak.manager().await;
    let elsewhere = app.signed_in(manager.user_id, Some(oak.id)).await;
    let socket = async |token: &Option<String>| Socket::greeted_with(&front, json!({ "token": token })).await;
    let (mut one, mut two) = (socket(&manager.token).await, socket(&manager.token).await);
    let (mut other, mut stranger) = (socket(&elsewhere.token).await, Socket::greeted(&front).await);

    manager.ask("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!((one.closed().await.0, two.closed().await.0), (4403, 4403));
    other.assert_silent().await;

    // Whatever ends it, even another process.
    app.execute(&format!("update sessions set revoked_at = now() where user_id = '{}'", manager.user_id)).await;
    assert_eq!(other.closed().await.0, 4403);
    let (mut late, sacked) = (socket(&oak.manager().await.token).await, oak.manager().await);
    let mut sacked_one = socket(&sacked.token).await;
    app.execute(&format!("update users set status = 'suspended' where id = '{}'", sacked.user_id)).await;
    assert_eq!(sacked_one.closed().await.0, 4403);
    late.assert_silent().await;
    app.clock.turn(TimeDelta::days(2));
    assert_eq!(late.closed().await.0, 4403);
    stranger.assert_silent().await;
}
