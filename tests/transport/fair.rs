//! What nobody can use up for others: connections, and the check whether the server is ready.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::wire::{
    client::{got, ms},
    stub::StubApp,
};

/// Whether a request on this connection is answered.
async fn answers(stream: &mut TcpStream) -> bool {
    let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut byte = [0];
    stream.write_all(request).await.is_ok() && matches!(stream.read(&mut byte).await, Ok(1))
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_new_ones_for_those_it_closes() {
    let app = StubApp::with(|config| config.max_connections_per_address = 2).await;
    let (mut first, mut second, mut third) = (app.tcp().await, app.tcp().await, app.tcp().await);

    assert!(answers(&mut first).await && answers(&mut second).await);
    assert!(!answers(&mut third).await);
    drop(first);
    // It takes the server a moment to see that.
    let mut is_let_in = false;
    for _ in 0..200 {
        let mut another = app.tcp().await;
        is_let_in = answers(&mut another).await;
        if is_let_in {
            break;
        }
        tokio::time::sleep(ms(10)).await;
    }
    assert!(is_let_in);
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let app = StubApp::with(|config| {
        config.max_connections_per_address = 1;
        config.trusted_proxies = vec![Ipv4Addr::LOCALHOST.into()];
    })
    .await;
    let mut streams = join_all((0..5).map(|_| app.tcp())).await;

    for stream in &mut streams {
        assert!(answers(stream).await);
    }
}

#[tokio::test]
async fn one_check_of_readiness_answers_everybody_for_a_second() {
    let app = StubApp::new().await;
    let asked = join_all((0..50).map(|_| got(app.get("/health/ready")))).await;

    assert!(asked.iter().all(|answer| answer.status == 200));
    assert!(app.checks() < 10, "{}", app.checks());
    app.turn_unready();
    let checks = app.checks();
    while got(app.get("/health/ready")).await.status == 200 {
        tokio::time::sleep(ms(10)).await;
    }
    assert_eq!(app.checks(), checks + 1);
}
