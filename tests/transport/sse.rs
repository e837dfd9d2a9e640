//! `graphql-sse` in distinct connections mode.

use reqwest::RequestBuilder;
use tokio::io::AsyncWriteExt;

use crate::wire::{
    client::{Front, GRAPHQL, STREAM, got, ms, request},
    stub::StubApp,
};

const COMPLETE: &str = "event: complete\ndata:\n\n";

fn events(front: &Front, query: &str) -> RequestBuilder {
    front.query(query).header("accept", STREAM)
}

#[tokio::test]
async fn a_subscription_is_a_stream_of_events() {
    let app = StubApp::new().await;
    let got = got(events(&app, "subscription { count(to: 2) }").header("accept-encoding", "gzip, br")).await;

    assert_eq!((got.status, got.header("content-type")), (200, "text/event-stream; charset=utf-8"));
    assert_eq!((got.header("content-encoding"), got.header("cache-control")), ("", "no-store"));
    assert_eq!(
        got.text,
        ":\n\nevent: next\nid: at-0\ndata: {\"data\":{\"n\":0}}\n\nevent: next\nid: at-1\ndata: {\"data\":{\"n\":1}}\n\n\
         event: complete\ndata:\n\n"
    );
}

#[tokio::test]
async fn a_stream_goes_on_where_the_client_lost_it() {
    let app = StubApp::new().await;
    let got = got(events(&app, "subscription { count(to: 3) }").header("last-event-id", "at-1")).await;

    assert_eq!(got.text.matches("event: next").count(), 1);
    assert!(got.text.contains("id: at-2\n"));
}

#[tokio::test]
async fn event_streams_are_capped() {
    let app = StubApp::with(|config| {
        config.socket.max_per_user = 2;
        config.socket.max_per_address = 1;
    })
    .await;
    let open = |token: &str| events(&app, "subscription { silent }").bearer_auth(token).send();
    let (first, _second) = (open("ann").await.unwrap(), open("ann").await.unwrap());
    let third = got(events(&app, "subscription { silent }").bearer_auth("ann").header("accept", GRAPHQL)).await;
    assert_eq!((third.status, &*third.code()), (429, "LIMIT_REACHED"));
    let bob = open("bob").await.unwrap();
    assert_eq!(bob.status(), 200);
    let _stranger = events(&app, "subscription { silent }").send().await.unwrap();
    assert_eq!(got(events(&app, "subscription { silent }")).await.status, 429);

    // What is refused does not run, and a place is free once its stream is gone.
    app.until_running(4).await;
    drop(first);
    app.until_running(3).await;
    assert_eq!(open("ann").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_subscription_may_come_by_get() {
    let app = StubApp::new().await;
    let got = got(app.get("/graphql?query=subscription%7Bcount(to:1)%7D").header("accept", STREAM)).await;

    assert!(got.text.contains("event: next") && got.text.ends_with(COMPLETE));
}

#[tokio::test]
async fn a_client_that_takes_both_gets_what_fits() {
    let app = StubApp::new().await;
    let both = format!("{GRAPHQL}, {STREAM}");
    let stream = got(app.query("subscription { count(to: 1) }").header("accept", &both)).await;
    let single = got(app.query("{ __typename }").header("accept", &both)).await;

    assert!(stream.text.ends_with(COMPLETE));
    assert_eq!(single.header("content-type"), format!("{GRAPHQL}; charset=utf-8"));
}

#[tokio::test]
async fn nothing_follows_the_end_of_a_stream() {
    let app = StubApp::new().await;
    for (field, code) in [("closes", "SESSION_EXPIRED"), ("errors", "INTERNAL"), ("panics", "INTERNAL")] {
        let got = got(events(&app, &format!("subscription {{ {field} }}"))).await;

        assert!(got.text.contains(code) && got.text.ends_with(COMPLETE), "{}", got.text);
        assert_eq!(got.text.matches("event: next").count(), 2, "{}", got.text);
    }
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let app = StubApp::with(|config| config.stream_keep_alive = ms(50)).await;
    let mut stream = events(&app, "subscription { silent }").send().await.unwrap();
    let mut heard = String::new();
    while heard.len() < 4 * ":\n\n".len() {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }

    assert_eq!(heard.replace(":\n\n", ""), "");
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_stream() {
    let app = StubApp::new().await;
    let stream = events(&app, "subscription { silent }").send().await.unwrap();
    app.until_running(1).await;
    drop(stream);
    app.until_running(0).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let app = StubApp::with(|config| config.write_timeout = ms(300)).await;
    let mut stream = app.tcp().await;
    let asked = request("subscription { flood(size: 10000) }", "accept: text/event-stream\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    crate::wire::client::until(|| app.produced() > 0).await;
    app.until_running(0).await;

    assert!(app.produced() < 2000, "{} were produced", app.produced());
}
