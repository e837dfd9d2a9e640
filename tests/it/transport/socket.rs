//! `graphql-transport-ws`: the handshake, operations, pings and caps.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    client::{Front, ms},
    stub::{StubApp, patient},
    ws::{PROTOCOL, Socket},
};
use crate::support::{TestApp, settings};

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
    let told = socket.result("a").await;
    assert_eq!(told["data"]["viewer"]["user"]["id"], manager.api_id());
    assert!(told["extensions"]["cost"]["cost"].is_number());

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

    // Whatever ends it, and whoever: another process too.
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

#[tokio::test]
async fn who_calls_is_known_whatever_tells_it() {
    let app = StubApp::new().await;
    let own = format!("http://{}", app.address);
    let bearer = ("authorization", "Bearer d");
    let cases: [(Headers, Value, Value); 7] = [
        (&[PROTOCOL], json!({ "authorization": "Bearer a" }), json!("a")),
        (&[PROTOCOL], json!({ "Authorization": "bearer b" }), json!("b")),
        (&[PROTOCOL], json!({ "token": "c" }), json!("c")),
        (&[PROTOCOL], Value::Null, Value::Null),
        (&[PROTOCOL, bearer], json!({}), json!("d")),
        (&[PROTOCOL, bearer], json!({ "token": "e" }), json!("e")),
        (&[PROTOCOL, ("cookie", "__Host-clinigraph=f"), ("origin", &own)], json!({}), json!("f")),
    ];
    for (headers, payload, token) in cases {
        let mut socket = Socket::dial(&app, headers).await.unwrap();
        socket.greet(payload).await;
        let asked = json!({ "query": "{ echo }", "operationName": "X", "variables": { "v": 1 },
            "extensions": { "idempotencyKey": "k1" } });
        socket.say(json!({ "type": "subscribe", "id": "1", "payload": asked })).await;
        let first = socket.result("1").await["data"]["echo"].clone();
        assert_eq!([&first["token"], &first["key"]], [&token, &json!("k1")]);
        assert_eq!([&first["operationName"], &first["variables"]], [&json!("X"), &json!({ "v": 1 })]);
        assert_eq!([&first["transport"], &first["address"]], [&json!("Socket"), &json!("127.0.0.1")]);

        socket.subscribe("2", "{ echo }").await;
        let second = socket.result("2").await["data"]["echo"].clone();
        assert_ne!(first["requestId"], second["requestId"]);
        assert_eq!(second["key"], Value::Null);
    }
}

#[tokio::test]
async fn a_subscription_runs_to_its_end() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    let odd = "ü\"\\\n";
    socket.subscribe(odd, "subscription { count(to: 3) }").await;
    for number in 0..3 {
        let next = json!({ "type": "next", "id": odd, "payload": { "data": { "n": number } } });
        assert_eq!(socket.hear().await, next);
    }
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": odd }));
}

#[tokio::test]
async fn nothing_follows_the_end_of_an_operation() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    for query in ["subscription { errors }", "subscription { panics }"] {
        socket.subscribe("s", query).await;
        assert_eq!(socket.hear().await["type"], "next");
        assert_eq!(socket.refusal("s").await, "INTERNAL");
        socket.assert_silent().await;
    }
    socket.subscribe("p", "{ panics }").await;
    assert_eq!(socket.refusal("p").await, "INTERNAL");
    // A session that is revoked takes the socket with it.
    socket.subscribe("c", "subscription { closes }").await;
    assert_eq!(socket.hear().await["type"], "next");
    assert_eq!(socket.closed().await, (4403, "SESSION_EXPIRED: session revoked".to_owned()));
    app.until_running(0).await;
}

#[tokio::test]
async fn an_operation_that_the_client_completes_says_nothing_more() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    socket.subscribe("c", "subscription { silent }").await;
    app.until_running(1).await;
    socket.complete("c").await;
    socket.complete("unknown").await;
    app.until_running(0).await;
    socket.assert_silent().await;
    // Its id is free, and what comes under it is the new operation's.
    socket.subscribe("c", "{ __typename }").await;
    assert_eq!(socket.result("c").await["data"]["__typename"], "Query");
}

#[tokio::test]
async fn both_sides_may_ping() {
    let app = StubApp::with(|config| config.socket.ping_every = ms(1500)).await;
    let mut socket = Socket::greeted(&app).await;
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    futures_util::SinkExt::send(&mut socket.0, Message::Ping(vec![1].into())).await.unwrap();
    assert!(matches!(socket.next().await, Message::Pong(_)));
    for _ in 0..2 {
        assert_eq!(socket.hear().await, json!({ "type": "ping" }));
        socket.say(json!({ "type": "pong" })).await;
    }
    // Silence now: one more ping, then the end.
    assert_eq!(socket.hear().await, json!({ "type": "ping" }));
    assert_eq!(socket.closed().await.0, 1001);
}

#[tokio::test]
async fn operations_and_sockets_are_capped() {
    let app = StubApp::with(|config| {
        config.socket.max_operations = 3;
        config.socket.max_per_user = 2;
        config.socket.max_per_address = 3;
    })
    .await;
    let ann = || json!({ "token": "ann" });
    let mut first = Socket::greeted_with(&app, ann()).await;
    for id in ["1", "2", "3"] {
        first.subscribe(id, "subscription { silent }").await;
    }
    first.subscribe("4", "{ __typename }").await;
    assert_eq!(first.refusal("4").await, "LIMIT_REACHED");
    first.complete("1").await;
    first.subscribe("4", "{ __typename }").await;
    first.result("4").await;

    let mut second = Socket::greeted_with(&app, ann()).await;
    Socket::greeted_with(&app, json!({ "token": "bob" })).await;
    let mut third = Socket::open(&app).await;
    third.init(ann()).await;
    let (code, reason) = third.closed().await;
    assert!(code == 4429 && reason.contains('2'), "{code} {reason}");
    // Once the server has said goodbye as well, the place is free.
    second.0.close(None).await.unwrap();
    while futures_util::StreamExt::next(&mut second.0).await.is_some() {}
    Socket::greeted_with(&app, ann()).await;

    let _strangers = (Socket::greeted(&app).await, Socket::greeted(&app).await, Socket::greeted(&app).await);
    let mut fourth = Socket::open(&app).await;
    fourth.init(Value::Null).await;
    assert_eq!(fourth.closed().await.0, 4429);
}
