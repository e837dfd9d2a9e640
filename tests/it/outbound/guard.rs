//! Which addresses a request may go to, as they are typed in and as their names are resolved.

use std::sync::Arc;

use clinigraph::outbound::{Outbound, Reach, Refusal, Request, Unsent};
use http::Method;

use super::{Names, get, guarded, open, url};
use crate::harness::receiver::{Receiver, answers};

async fn refusal(address: &str) -> Option<Refusal> {
    let names = Arc::new(Names::default());
    let outbound = guarded(&names);
    let checked = outbound.check(&url(address), Reach::Public).await;
    assert_eq!(get(&outbound, address).await.err(), checked.clone().err(), "{address}");
    match checked {
        Err(Unsent::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

#[tokio::test]
async fn an_address_that_is_typed_in_is_refused_by_its_form() {
    let cases = [
        ("http://clinic.example/", Refusal::NotHttps),
        ("ftp://clinic.example/", Refusal::NotHttps),
        ("data:text/plain,x", Refusal::Malformed),
        ("https://clinic.example:8443/", Refusal::Port),
        ("https://clinic.example:80/", Refusal::Port),
        ("https://user@clinic.example/", Refusal::UserInfo),
        ("https://:password@clinic.example/", Refusal::UserInfo),
    ];
    for (address, wanted) in cases {
        assert_eq!(refusal(address).await, Some(wanted), "{address}");
    }
}

/// However they are written: the parser of URLs knows all spellings.
#[tokio::test]
async fn literal_addresses_are_checked_without_the_resolver() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        assert_eq!(refusal(&format!("https://{host}/")).await, Some(Refusal::NotPublic), "{host}");
    }
}

#[tokio::test]
async fn a_name_is_refused_if_one_of_its_addresses_is_not_public() {
    for answers in [["10.0.0.7:443"].as_slice(), &["8.8.8.8:443", "127.0.0.1:443"], &["[2606::1]:443", "[::1]:443"]] {
        let names = Names::of("clinic.example", &[answers]);
        let outbound = guarded(&names);

        let sent = get(&outbound, "https://clinic.example/").await;

        assert_eq!(sent.unwrap_err(), Unsent::Refused(Refusal::NotPublic), "{answers:?}");
    }
}

/// The name has a public address when the endpoint is stored, and a private one when a request is sent.
#[tokio::test]
async fn a_name_that_is_given_a_private_address_later_is_refused() {
    let names = Names::of("clinic.example", &[&["8.8.8.8:443"], &["169.254.169.254:443"]]);
    let outbound = guarded(&names);

    let stored = outbound.check(&url("https://clinic.example/hook"), Reach::Public).await;
    let sent = get(&outbound, "https://clinic.example/hook").await;

    assert_eq!((stored, sent.unwrap_err()), (Ok(()), Unsent::Refused(Refusal::NotPublic)));
    assert_eq!(names.asked(), 2);
}

/// A request asks once, and connects to what it was told then.
#[tokio::test]
async fn a_request_connects_to_the_address_that_was_checked() {
    let receiver = Receiver::new(answers(200)).await;
    let port = receiver.address.port();
    let near = receiver.address.to_string();
    let names = Names::of("clinic.example", &[&[&near], &["192.0.2.1:9"]]);
    let options = clinigraph::outbound::OutboundOptions { allows_private: true, ..Default::default() };
    let outbound = Outbound::with_resolver(options, Arc::clone(&names) as Arc<_>);

    let reply = get(&outbound, &format!("http://clinic.example:{port}/hook")).await.unwrap();

    assert_eq!((reply.status.as_u16(), names.asked()), (200, 1));
    let received = receiver.received();
    assert_eq!(received[0].header("host"), Some(format!("clinic.example:{port}").as_str()));
}

#[tokio::test]
async fn a_name_without_addresses_is_not_found() {
    let outbound = guarded(&Arc::new(Names::default()));

    assert_eq!(get(&outbound, "https://nowhere.example/").await.unwrap_err(), Unsent::NotResolved);
}

#[tokio::test]
async fn what_the_operator_has_configured_needs_https_but_on_this_machine() {
    let receiver = Receiver::new(answers(204)).await;
    let names = Names::of("provider.example", &[&["10.0.0.7:8443"]]);
    let outbound = guarded(&names);
    let near = Request::new(Method::GET, url(&receiver.url("/")), Reach::Configured);

    assert_eq!(outbound.send(near).await.unwrap().status, 204);
    assert_eq!(outbound.check(&url("https://provider.example:8443/"), Reach::Configured).await, Ok(()));
    let plain = outbound.check(&url("http://provider.example/"), Reach::Configured).await;
    assert_eq!(plain, Err(Unsent::Refused(Refusal::NotHttps)));
}

#[tokio::test]
async fn the_switch_for_development_opens_what_is_closed() {
    let receiver = Receiver::new(answers(200)).await;

    assert!(get(&open(), &receiver.url("/")).await.is_ok());
    let refused = get(&guarded(&Arc::new(Names::default())), &receiver.url("/")).await.unwrap_err();
    assert_eq!(refused, Unsent::Refused(Refusal::NotHttps));
}
