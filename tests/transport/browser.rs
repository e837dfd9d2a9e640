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
