//! Pages in browsers: whose may use a visitor's cookie, and whose may call at all.

use http::Method;
use serde_json::json;

use crate::harness::{TestApp, settings};
use crate::wire::{
    client::{Front, GRAPHQL, got},
    stub::patient,
};

const LISTED: &str = "https://app.example.org";

async fn app() -> TestApp {
    let mut config = patient();
    config.origins = vec![LISTED.to_owned()];
    TestApp::served(settings(), 4, config).await
}

#[tokio::test]
async fn a_cookie_needs_a_page_that_may_use_it() {
    let app = app().await;
    let (front, manager) = (Front::new(app.address), app.clinic("Oak").await.manager().await);
    let token = manager.token.clone().unwrap();
    let own = format!("http://{}", app.address);
    let cookie = format!("other=1; __Host-clinigraph={token}; x=y");
    let plain = format!("clinigraph={token}");
    let (bearer, wrong) = (format!("Bearer {token}"), "__Host-clinigraph=no".to_owned());
    let (own, cookie, plain, bearer, wrong) = (&*own, &*cookie, &*plain, &*bearer, &*wrong);
    let cases: [(&[(&str, &str)], u16); 15] = [
        (&[("cookie", cookie)], 403),
        (&[("cookie", cookie), ("origin", own)], 200),
        (&[("cookie", cookie), ("origin", LISTED)], 200),
        (&[("cookie", cookie), ("origin", "https://evil.example")], 403),
        (&[("cookie", cookie), ("origin", "null")], 403),
        (&[("cookie", cookie), ("origin", "https://app.example.org.evil.example")], 403),
        (&[("cookie", cookie), ("sec-fetch-site", "same-origin")], 200),
        (&[("cookie", cookie), ("sec-fetch-site", "same-site")], 403),
        (&[("cookie", cookie), ("sec-fetch-site", "cross-site")], 403),
        (&[("cookie", cookie), ("sec-fetch-site", "none")], 403),
        (&[("cookie", cookie), ("origin", own), ("sec-fetch-site", "cross-site")], 403),
        (&[("cookie", plain), ("origin", own)], 200),
        (&[("authorization", bearer)], 200),
        (&[("authorization", bearer), ("cookie", wrong)], 200),
        (&[("authorization", bearer), ("origin", "https://evil.example")], 403),
    ];
    for (headers, status) in cases {
        for request in [front.get("/graphql?query={viewer{user{id}}}"), front.query("{ viewer { user { id } } }")] {
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let got = got(request.header("accept", GRAPHQL)).await;

            assert_eq!(got.status, status, "{headers:?} {}", got.text);
            if status == 200 {
                assert_eq!(got.json()["data"]["viewer"]["user"]["id"], manager.api_id(), "{headers:?}");
            } else {
                assert_eq!(got.code(), "OPERATION_NOT_ALLOWED");
            }
        }
    }
}

#[tokio::test]
async fn the_bare_cookie_counts_on_plain_loopback_only() {
    let app = app().await;
    let manager = app.clinic("Oak").await.manager().await;
    let cookie = format!("clinigraph={}", manager.token.as_ref().unwrap());
    for (name, value) in [("host", "clinic.example"), ("x-forwarded-for", "1.2.3.4")] {
        let request = Front::new(app.address).query("{ viewer { role } }").header("cookie", &cookie);
        let got = got(request.header("origin", LISTED).header(name, value)).await;

        assert_eq!(got.json()["data"], json!({ "viewer": null }), "{name}");
    }
}

#[tokio::test]
async fn other_origins_are_let_in_by_name() {
    let app = app().await;
    let front = Front::new(app.address);
    let preflight = |origin: &str| {
        let request = front.client.request(Method::OPTIONS, front.url("/graphql")).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        got(request.header("access-control-request-headers", "content-type, authorization"))
    };

    let listed = preflight(LISTED).await;
    assert_eq!((listed.status, listed.header("access-control-allow-origin")), (204, LISTED));
    assert_eq!(listed.header("access-control-allow-credentials"), "true");
    assert!(listed.header("access-control-allow-headers").contains("idempotency-key"));
    assert!(listed.header("access-control-allow-methods").contains("POST"));

    let foreign = preflight("https://evil.example").await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, ""));

    let answer = got(front.query("{ __typename }").header("origin", LISTED)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, LISTED));
    assert!(answer.header("vary").contains("origin"));
    assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
    assert_eq!(got(front.query("{ __typename }")).await.header("access-control-allow-origin"), "");
}
