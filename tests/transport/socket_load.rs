//! Sockets under load: they do not wait for each other, buffers are bounded, and nothing is left when they are closed.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::wire::{
    client::{LONG, ms},
    stub::StubApp,
    ws::Socket,
};

const PING: &str = r#"{"type":"ping"}"#;

#[tokio::test]
async fn a_slow_operation_holds_up_no_other() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    socket.subscribe("slow", "{ waits }").await;
    socket.subscribe("fast", "{ __typename }").await;
    socket.result("fast").await;
    socket.assert_silent().await;
    app.release(1);
    socket.result("slow").await;
}

#[tokio::test]
async fn a_flood_of_input_does_not_starve_output() {
    let app = StubApp::new().await;
    let socket = Socket::greeted(&app).await;
    let (mut sink, mut stream) = socket.0.split();
    let subscribe =
        json!({ "type": "subscribe", "id": "c", "payload": { "query": "subscription { count(to: 200) }" } });
    sink.send(Message::text(subscribe.to_string())).await.unwrap();
    // Goes on until the other half has heard everything: where input came first, that would be never.
    let flood = tokio::spawn(async move { while sink.feed(Message::text(PING)).await.is_ok() {} });
    let complete = async {
        while let Some(Ok(message)) = stream.next().await {
            if message.to_text().unwrap().contains("complete") {
                return true;
            }
        }
        false
    };
    assert!(timeout(LONG, complete).await.unwrap());
    flood.abort();
}

#[tokio::test]
async fn who_reads_slowly_gets_everything_in_order() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    socket.subscribe("1", "subscription { count(to: 3000) }").await;
    for number in 0..3000 {
        if number % 500 == 0 {
            tokio::time::sleep(ms(50)).await;
        }
        assert_eq!(socket.hear().await["payload"]["data"]["n"], number);
    }
}

#[tokio::test]
async fn long_messages_arrive_whole_both_ways() {
    let app = StubApp::new().await;
    let mut socket = Socket::greeted(&app).await;
    let long = "aü€😀".repeat(30_000);
    let payload = json!({ "query": "{ echo }", "variables": { "long": long } });
    socket.say(json!({ "type": "subscribe", "id": "l", "payload": payload })).await;
    assert_eq!(socket.result("l").await["data"]["echo"]["variables"]["long"], json!(long));
}

#[tokio::test]
async fn who_does_not_read_is_dropped() {
    let app = StubApp::with(|config| config.write_timeout = ms(300)).await;
    let mut socket = Socket::greeted(&app).await;
    socket.subscribe("1", "subscription { flood(size: 10000) }").await;
    socket.subscribe("2", "subscription { silent }").await;
    crate::wire::client::until(|| app.produced() > 0).await;
    app.until_running(0).await;
    assert!(app.produced() < 2000, "{} were produced", app.produced());
}

#[tokio::test]
async fn who_pings_without_reading_the_pongs_is_dropped() {
    let app = StubApp::with(|config| config.write_timeout = ms(300)).await;
    let mut socket = Socket::greeted(&app).await;
    socket.subscribe("1", "subscription { silent }").await;
    let pings = async { while socket.0.feed(Message::text(PING)).await.is_ok() {} };
    timeout(LONG, pings).await.expect("the server hangs up");
    app.until_running(0).await;
}

#[tokio::test]
async fn leaving_ends_everything_that_ran() {
    let app = StubApp::with(|config| config.socket.ping_every = Duration::from_hours(1)).await;
    for politely in [false, true] {
        let mut socket = Socket::greeted(&app).await;
        for id in 0..10 {
            socket.subscribe(&id.to_string(), "subscription { silent }").await;
        }
        app.until_running(10).await;
        if politely {
            socket.0.close(None).await.unwrap();
        }
        drop(socket);
        app.until_running(0).await;
    }
}
