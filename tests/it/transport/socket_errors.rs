//! What closes a socket, each with its code.

use std::time::Duration;

use clinigraph::{
    kernel::db,
    pipeline::{Rates, Settings},
};
use diesel_async::SimpleAsyncConnection;
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{TestApp, settings};
use crate::wire::{client::Front, stub::patient, ws::Socket};

#[tokio::test]
async fn a_message_that_is_none_closes_with_4400() {
    let mut config = patient();
    config.socket.max_message = 5000;
    let app = TestApp::served(settings(), 4, config).await;
    let front = Front::new(app.address);
    let long = format!(r#"{{"type":"ping","payload":"{}"}}"#, "x".repeat(6000));
    let long_id = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(257));
    let bad = [
        "",
        "nonsense",
        "[]",
        "1",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"start","id":"1"}"#,
        r#"{"type":"connection_terminate"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":[]}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":"x"}}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"\ud800"}"#,
        r#"["ping",null,null]"#,
        r#"{"type":"ping","id":{}}"#,
        "{\"type\":\"ping\"} x",
        &long,
        &long_id,
    ];
    for text in bad {
        let mut socket = Socket::greeted(&front).await;
        socket.say_text(text).await;
        let (code, reason) = socket.closed().await;
        assert!(code == 4400 && reason.len() <= 123, "{text} {code} {reason}");
    }
    let mut binary = Socket::greeted(&front).await;
    binary.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(binary.closed().await.0, 4400);
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_with_4400() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let mut socket = Socket::greeted(&Front::new(app.address)).await;
    socket.say_text("x".repeat(2 << 20)).await;
    assert_eq!(socket.closed().await, (4400, "Message too long".to_owned()));
}

#[tokio::test]
async fn a_deep_message_is_no_harm() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let mut socket = Socket::greeted(&Front::new(app.address)).await;
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    socket.say_text(format!(r#"{{"type":"ping","payload":{nested}}}"#)).await;
    // Taken or refused: the server is still there.
    let _ = socket.next().await;
    Socket::greeted(&Front::new(app.address)).await.assert_silent().await;
}

#[tokio::test]
async fn a_greeting_that_is_none_closes_with_4400() {
    let app = TestApp::served(settings(), 4, patient()).await;
    for text in ["nonsense", r#"{"type":"connection_init","payload":[]}"#] {
        let mut socket = Socket::open(&Front::new(app.address)).await;
        socket.say_text(text).await;
        assert_eq!(socket.closed().await.0, 4400, "{text}");
    }
}

#[tokio::test]
async fn bad_credentials_close_with_4403() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let front = Front::new(app.address);
    for payload in [json!({ "token": "nothing" }), json!({ "authorization": "Bearer nothing" })] {
        let mut socket = Socket::open(&front).await;
        socket.init(payload).await;
        assert_eq!(socket.closed().await.0, 4403);
    }
}

#[tokio::test]
async fn too_many_unknown_tokens_close_with_4429() {
    let rates = Rates { user: 0, anonymous: 100 };
    let app = TestApp::served(Settings { rates, ..settings() }, 4, patient()).await;
    let front = Front::new(app.address);
    let mut codes = Vec::new();
    for number in 0..30 {
        let mut socket = Socket::open(&front).await;
        socket.init(json!({ "token": format!("made up {number}") })).await;
        codes.push(socket.closed().await.0);
    }
    let invalid = codes.iter().take_while(|code| **code == 4403).count();
    assert!((5..=15).contains(&invalid) && codes[invalid..].iter().all(|code| *code == 4429), "{codes:?}");
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_closes_with_1013() {
    let short = Settings { statement_timeout: Duration::from_millis(300), ..settings() };
    let app = TestApp::served(short, 4, patient()).await;
    let front = Front::new(app.address);
    let token = app.clinic("Oak").await.manager().await.token;
    let mut lock = db::connect(&app.superuser_url).await.unwrap();
    lock.batch_execute("begin; lock table sessions in access exclusive mode").await.unwrap();

    let mut socket = Socket::open(&front).await;
    socket.init(json!({ "token": token })).await;

    assert_eq!(socket.closed().await.0, 1013);
}
