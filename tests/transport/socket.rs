//! `graphql-transport-ws`: the handshake, operations, pings and caps.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::wire::{
    client::ms,
    stub::StubApp,
    ws::{PROTOCOL, Socket},
};

type Headers<'a> = &'a [(&'static str, &'a str)];

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
