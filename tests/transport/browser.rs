//! Pages in browsers: whose may use a visitor's cookie, and whose may call at all.

use crate::wire::{client::got, stub::StubApp};

#[tokio::test]
async fn a_cookie_loses_its_prefix_on_plain_loopback_only() {
    let app = StubApp::new().await;
    let near = got(app.query("mutation { signIn }")).await;
    let far = got(app.query("mutation { signIn }").header("host", "clinic.example")).await;

    assert_eq!(near.header("set-cookie"), "clinigraph=abc; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(far.header("set-cookie"), "__Host-clinigraph=abc; Path=/; HttpOnly; Secure; SameSite=Lax");
}

#[tokio::test]
async fn a_trusted_proxy_names_the_own_origin() {
    let app = StubApp::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let request = app.query("{ echo }").header("cookie", "__Host-clinigraph=token");
    let got =
        got(request.header("x-forwarded-host", "clinic.example").header("origin", "https://clinic.example")).await;

    assert_eq!(got.json()["data"]["echo"]["token"], "token");
}

#[tokio::test]
async fn outside_development_every_cookie_needs_tls() {
    let app = StubApp::with(|config| config.development = false).await;
    let signed_in = got(app.query("mutation { signIn }")).await;
    let plain = got(app.query("{ echo }").header("cookie", "clinigraph=token").header("origin", app.url(""))).await;

    // A proxy that says nothing of itself looks like a browser on this machine.
    assert_eq!(signed_in.header("set-cookie"), "__Host-clinigraph=abc; Path=/; HttpOnly; Secure; SameSite=Lax");
    assert!(plain.json()["data"]["echo"]["token"].is_null());
}

#[tokio::test]
async fn browsers_that_came_by_tls_are_told_to_keep_to_it() {
    let app = StubApp::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let stranger = StubApp::new().await;
    let hsts = async |app: &StubApp, path: &str, proto: &str| {
        let got = got(app.get(path).header("x-forwarded-proto", proto)).await;
        got.header("strict-transport-security").to_owned()
    };

    for path in ["/health/live", "/graphql", "/graphiql", "/nothing"] {
        assert_eq!(hsts(&app, path, "https").await, "max-age=31536000", "{path}");
    }
    assert_eq!(hsts(&app, "/graphiql", "http, HTTPS").await, "max-age=31536000");
    // The client wrote the first.
    assert_eq!(hsts(&app, "/graphiql", "https, http").await, "");
    assert_eq!(hsts(&stranger, "/graphiql", "https").await, "", "no trusted proxy said so");
}
