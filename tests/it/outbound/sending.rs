//! What is sent, and what comes of answers that are slow, broken, endless, or lead elsewhere.

use std::time::{Duration, Instant};

use bytes::Bytes;
use clinigraph::outbound::{Reach, Reply, Request, Unsent};
use http::{HeaderMap, HeaderValue, Method};

use super::{get, open, url};
use crate::harness::receiver::{Does, Receiver, answers};

/// What a receiver makes of a request, and after how long.
async fn sent_to(does: Does) -> (Result<Reply, Unsent>, Duration) {
    let receiver = Receiver::new(does).await;
    let begun = Instant::now();
    (get(&open(), &receiver.url("/hook")).await, begun.elapsed())
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made() {
    let receiver =
        Receiver::new(Does::Answer { status: 201, headers: "x-one: 1\r\n".into(), body: "made".into() }).await;
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let body = Bytes::from_static(b"{}");
    let to = url(&receiver.url("/hook?a=b#there"));
    let request = Request { headers, body, ..Request::new(Method::POST, to, Reach::Public) };

    let reply = open().send(request).await.unwrap();

    let received = &receiver.received()[0];
    assert_eq!((received.line.as_str(), received.body.as_str()), ("POST /hook?a=b", "{}"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("user-agent"), Some(concat!("clinigraph/", env!("CARGO_PKG_VERSION"))));
    assert_eq!((reply.status.as_u16(), &reply.body[..], reply.is_whole), (201, &b"made"[..], true));
    assert_eq!(reply.headers["x-one"], "1");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let target = Receiver::new(answers(200)).await;
    let headers = format!("location: {}\r\n", target.url("/secret"));
    let (reply, _) = sent_to(Does::Answer { status: 307, headers, body: String::new() }).await;

    assert_eq!(reply.unwrap().status, 307);
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_the_given_time_and_no_more() {
    for does in [Does::Stall, Does::AnswerLate(Duration::from_secs(5))] {
        let (reply, took) = sent_to(does).await;

        assert_eq!(reply.unwrap_err(), Unsent::TimedOut);
        assert!(took >= Duration::from_millis(800) && took < Duration::from_millis(2500), "{took:?}");
    }
}

#[tokio::test]
async fn a_server_that_breaks_off_has_not_answered() {
    assert_eq!(sent_to(Does::BreakOff).await.0.unwrap_err(), Unsent::Broken);
}

/// The status is known then.
#[tokio::test]
async fn of_a_body_that_does_not_end_the_beginning_is_kept() {
    let (endless, took) = sent_to(Does::EndlessBody).await;
    let endless = endless.unwrap();
    assert_eq!((endless.status.as_u16(), endless.body.len(), endless.is_whole), (200, 1024, false));
    assert!(took < Duration::from_millis(800), "{took:?}");

    for does in [Does::StallInBody, Does::BreakOffInBody] {
        let (reply, took) = sent_to(does).await;
        let reply = reply.unwrap();
        assert_eq!((reply.status.as_u16(), &reply.body[..], reply.is_whole), (200, &b"only this"[..], false));
        assert!(took < Duration::from_millis(2500), "{took:?}");
    }
}

#[tokio::test]
async fn cookies_of_an_answer_are_not_sent_back() {
    let headers = "set-cookie: a=b\r\n".to_owned();
    let receiver = Receiver::new(Does::Answer { status: 200, headers, body: String::new() }).await;
    let outbound = open();

    get(&outbound, &receiver.url("/")).await.unwrap();
    get(&outbound, &receiver.url("/")).await.unwrap();

    assert_eq!(receiver.received().iter().filter(|request| request.header("cookie").is_some()).count(), 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_apart() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let failed = get(&open(), &format!("http://{gone}/")).await.unwrap_err();

    assert_eq!(failed, Unsent::ConnectFailed("the server refused the connection"));
}
