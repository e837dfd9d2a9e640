//! The GraphiQL page and the way to it.

use crate::harness::TestApp;
use crate::wire::client::{Front, got};

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let root = got(front.get("/")).await;
    assert_eq!((root.status, root.header("location")), (303, "/graphiql"));
    let page = got(front.get("/graphiql")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("<!doctype html>") || page.text.contains("<!DOCTYPE html>"));
}

#[tokio::test]
async fn the_page_may_talk_to_this_server_only() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let policy = got(front.get("/graphiql")).await.header("content-security-policy").to_owned();
    assert!(policy.contains(&format!("connect-src 'self' ws://{0} wss://{0};", app.address)), "{policy}");
    for directive in ["default-src 'none';", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(directive), "{policy}");
    }
    // The host is the client's word.
    let odd = got(front.get("/graphiql").header("host", "a;script-src")).await;
    assert!(!odd.header("content-security-policy").contains("ws:"));
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let page = got(front.get("/graphiql")).await;
    let tag = page.header("etag");
    // A checkout without the built front end has no tag to tell.
    if !tag.is_empty() {
        let again = got(front.get("/graphiql").header("if-none-match", tag)).await;
        assert_eq!((again.status, &*again.text), (304, ""));
    }
    assert_eq!(page.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn nothing_but_the_front_end_is_served() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let paths = [
        "/nowhere",
        "/graphiql/assets/nothing.js",
        "/graphiql/../Cargo.toml",
        "/graphiql/%2e%2e/%2e%2e/Cargo.toml",
        "/graphiql/..%2f..%2fCargo.toml",
        "/graphiql//etc/passwd",
    ];
    for path in paths {
        let shown = front.raw(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        assert!(shown.starts_with("HTTP/1.1 404") && shown.contains("NOT_FOUND"), "{path} {shown}");
    }
}
