//! Stopping the server: running operations finish, listeners are notified, and nothing waits without end.

use tokio::io::AsyncWriteExt;

use crate::wire::{
    client::{STREAM, got, ms, one_answer, request, rest, until},
    stub::StubApp,
    ws::Socket,
};

#[tokio::test]
async fn running_requests_finish_and_idle_connections_end() {
    let mut app = StubApp::new().await;
    let running = tokio::spawn(got(app.query("{ waits }")));
    let (mut idle, mut silent) = (app.tcp().await, app.tcp().await);
    idle.write_all(request("{ __typename }", "").as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    app.until_running(1).await;

    app.stop();
    for stream in [&mut idle, &mut silent] {
        assert_eq!(rest(stream).await, "");
    }
    until(|| std::net::TcpStream::connect(app.address).is_err()).await;
    app.release(1);
    assert_eq!(running.await.unwrap().json()["data"]["waits"], true);
    app.stopped().await;
}

#[tokio::test]
async fn what_does_not_finish_is_cut() {
    let mut app = StubApp::with(|config| config.stop_within = ms(300)).await;
    let running = tokio::spawn(app.query("{ waits }").send());
    app.until_running(1).await;

    app.stop();
    app.stopped().await;
    assert!(running.await.unwrap().is_err());
    app.until_running(0).await;
}

#[tokio::test]
async fn a_stopping_server_is_not_ready() {
    let mut app = StubApp::new().await;
    let mut stream = app.tcp().await;
    // Two requests in one go: the second is read after the stop.
    let both = request("{ waits }", "") + "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(both.as_bytes()).await.unwrap();
    app.until_running(1).await;

    app.stop();
    app.release(1);
    let response = rest(&mut stream).await;
    assert!(!response.contains(r#""status":"ready""#), "{response}");
    app.stopped().await;
}

#[tokio::test]
async fn event_streams_end_without_being_complete() {
    let mut app = StubApp::new().await;
    let stream = app.query("subscription { silent }").header("accept", STREAM).send().await.unwrap();

    app.stop();
    assert_eq!(stream.text().await.unwrap(), ":\n\n");
    app.stopped().await;
}

#[tokio::test]
async fn sockets_are_closed_with_1001() {
    let mut app = StubApp::new().await;
    let (mut busy, mut bare) = (Socket::greeted(&app).await, Socket::open(&app).await);
    busy.subscribe("1", "subscription { silent }").await;
    app.until_running(1).await;

    app.stop();
    assert_eq!((busy.closed().await.0, bare.closed().await.0), (1001, 1001));
    drop((busy, bare));
    app.stopped().await;
    app.until_running(0).await;
}

#[tokio::test]
async fn a_socket_that_does_not_say_goodbye_holds_nobody_up() {
    let mut app = StubApp::with(|config| config.stop_within = std::time::Duration::from_hours(1)).await;
    let _mute = Socket::greeted(&app).await;

    app.stop();
    app.stopped().await;
}
