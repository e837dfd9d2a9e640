//! What closes a socket, each with its code.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{
    client::{LONG, ms},
    stub::StubApp,
    ws::{Socket, shaken},
};

const SUBSCRIBE: &str = r#"{"type":"subscribe","id":"1","payload":{"query":"{__typename}"}}"#;

#[tokio::test]
async fn an_operation_before_the_greeting_closes_with_4401() {
    let app = StubApp::new().await;
    let mut early = Socket::open(&app).await;
    early.say_text(SUBSCRIBE).await;
    assert_eq!(early.closed().await, (4401, "Unauthorized".to_owned()));

    let mut unanswered = Socket::open(&app).await;
    unanswered.init(json!({ "token": "waits" })).await;
    unanswered.say_text(SUBSCRIBE).await;
    assert_eq!(unanswered.closed().await.0, 4401);
}

#[tokio::test]
async fn a_greeting_that_panics_closes_with_4500() {
    let app = StubApp::new().await;
    let mut socket = Socket::open(&app).await;
    socket.init(json!({ "token": "panics" })).await;
    assert_eq!(socket.closed().await.0, 4500);
}

#[tokio::test]
async fn no_greeting_in_time_closes_with_4408() {
    let app = StubApp::with(|config| config.socket.init_timeout = ms(300)).await;
    let mut socket = Socket::open(&app).await;
    assert_eq!(socket.closed().await.0, 4408);
}

#[tokio::test]
async fn who_has_greeted_in_time_may_wait_for_the_answer() {
    let app = StubApp::with(|config| config.socket.init_timeout = ms(1500)).await;
    let mut socket = Socket::open(&app).await;
    socket.init(json!({ "token": "waits" })).await;
    tokio::time::sleep(ms(2000)).await;
    app.release(1);
    assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
}

#[tokio::test]
async fn an_id_that_is_taken_closes_with_4409() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    for _ in 0..2 {
        socket.subscribe("x", "subscription { silent }").await;
    }
    assert_eq!(socket.closed().await, (4409, "Subscriber for x already exists".to_owned()));
    app.until_running(0).await;
}

#[tokio::test]
async fn a_second_greeting_closes_with_4429() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    socket.init(json!({})).await;
    assert_eq!(socket.closed().await.0, 4429);

    let mut hasty = Socket::open(&app).await;
    for _ in 0..2 {
        hasty.init(json!({ "token": "waits" })).await;
    }
    assert_eq!(hasty.closed().await.0, 4429);
}

#[tokio::test]
async fn a_frame_that_is_none_closes_with_4400() {
    let app = StubApp::new().await;
    let mut long_ping = vec![0x89, 0xfe, 0, 200, 0, 0, 0, 0];
    long_ping.resize(208, 0);
    let frames: [(&str, &[u8]); 6] = [
        ("no UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff]),
        ("not masked", &[0x81, 0x01, b'x']),
        ("reserved bits", &[0xf1, 0x80, 0, 0, 0, 0]),
        ("reserved kind", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a long ping", &long_ping),
    ];
    for (what, frame) in frames {
        let mut stream = shaken(&app).await;
        stream.write_all(frame).await.unwrap();
        let mut answer = [0; 4];
        tokio::time::timeout(LONG, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!((answer[0], u16::from_be_bytes([answer[2], answer[3]])), (0x88, 4400), "{what}");
    }
}
