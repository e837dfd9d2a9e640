//! Clients that dawdle, and how many there may be. Here a short limit is the only thing that can end a connection
//! before a test gives up: all others are an hour.

use std::time::Duration;

use clinigraph::server::ServerConfig;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::wire::{
    client::{Front, ms, one_answer, request, rest},
    stub::StubApp,
};

const HOUR: Duration = Duration::from_hours(1);

fn no_hurry(config: &mut ServerConfig) {
    config.header_timeout = HOUR;
    config.idle_timeout = HOUR;
    config.body_timeout = HOUR;
    config.write_timeout = HOUR;
}

/// Connections that have each sent the beginning of a request.
async fn slow_ones(front: &Front, count: usize) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stream = front.tcp().await;
        stream.write_all(b"POST /graphql HTTP/1.1\r\nx: ").await.unwrap();
        all.push(stream);
    }
    all
}

#[tokio::test]
async fn two_hundred_slow_ones_do_not_stay() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.header_timeout = ms(400);
    })
    .await;
    for mut stream in slow_ones(&app, 200).await {
        assert_eq!(rest(&mut stream).await, "");
    }
}

#[tokio::test]
async fn two_hundred_slow_ones_delay_nobody() {
    let app = StubApp::with(no_hurry).await;
    let slow = slow_ones(&app, 200).await;
    for _ in 0..20 {
        assert_eq!(crate::wire::client::got(app.query("{ __typename }")).await.status, 200);
    }
    // They were there all the while.
    for mut stream in slow {
        stream.write_all(b"x\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 415"));
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.header_timeout = ms(300);
    })
    .await;
    // Silent; a piece of a head; a piece of HTTP/2's opening; the opening and nothing more.
    for opening in ["", "GET /graphql HTTP/1.1\r\nhost: x\r\n", "PRI * HTT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = app.tcp().await;
        stream.write_all(opening.as_bytes()).await.unwrap();
        rest(&mut stream).await;
    }
}

#[tokio::test]
async fn a_head_that_comes_drop_by_drop_is_given_up() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.header_timeout = ms(300);
    })
    .await;
    let mut stream = app.tcp().await;
    stream.write_all(b"GET /graphql HTTP/1.1\r\nx: ").await.unwrap();
    let drops = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(ms(20)).await;
        }
    };

    tokio::time::timeout(crate::wire::client::LONG, drops).await.expect("the server hangs up");
}

#[tokio::test]
async fn an_idle_connection_is_given_up() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.idle_timeout = ms(300);
    })
    .await;
    let mut stream = app.tcp().await;
    stream.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.contains("200 OK"));
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_second_head_has_no_more_time_than_the_first() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.header_timeout = ms(1000);
    })
    .await;
    let mut stream = app.tcp().await;
    for _ in 0..2 {
        stream.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
        assert!(one_answer(&mut stream).await.contains("200 OK"));
    }
    stream.write_all(b"POST /graphql").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_connection_may_be_idle_for_longer_than_a_head_may_take() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.header_timeout = ms(500);
    })
    .await;
    let mut stream = app.tcp().await;
    stream.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    tokio::time::sleep(ms(1000)).await;
    stream.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.contains("200 OK"));
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_dropped() {
    const SIZE: usize = 50_000_000;
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.write_timeout = ms(300);
        config.max_connections = 1;
    })
    .await;
    let mut unread = app.tcp().await;
    unread.write_all(request(&format!("{{ big(size: {SIZE}) }}"), "").as_bytes()).await.unwrap();
    // There is room for one connection only, so this is answered once the other is gone.
    let mut next = app.tcp().await;
    next.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    assert!(one_answer(&mut next).await.contains("200 OK"));
    assert!(rest(&mut unread).await.len() < SIZE);
}

#[tokio::test]
async fn connections_are_capped() {
    let app = StubApp::with(|config| {
        no_hurry(config);
        config.max_connections = 2;
    })
    .await;
    let (mut first, mut second, mut third) = (app.tcp().await, app.tcp().await, app.tcp().await);
    for stream in [&mut first, &mut second] {
        stream.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
        one_answer(stream).await;
    }
    third.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    let mut byte = [0];
    let heard = tokio::time::timeout(ms(300), third.peek(&mut byte)).await;
    assert!(heard.is_err(), "the third waits");

    drop(first);
    assert!(one_answer(&mut third).await.contains("200 OK"));
}
