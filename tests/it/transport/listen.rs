//! What is spoken on a connection, and what stands beside the API.

use reqwest::Version;

use crate::harness::{TestApp, settings};
use crate::wire::{
    client::{Front, GRAPHQL, LONG, got, ms},
    stub::{StubApp, patient},
};

fn http_2() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}

#[tokio::test]
async fn http_2_is_spoken() {
    let app = TestApp::new().await;
    let front = Front { client: http_2(), ..Front::new(app.address) };
    let manager = app.clinic("Oak").await.manager().await;
    let own = format!("http://{}", app.address);
    let cookie = format!("__Host-clinigraph={}", manager.token.as_ref().unwrap());

    let answer = front.query("{ __typename }").send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200));
    let asked = front.query("{ viewer { user { id } } }").header("origin", own).header("cookie", cookie);
    assert_eq!(got(asked).await.json()["data"]["viewer"]["user"]["id"], manager.api_id());
    assert_eq!(got(front.query("{ nope }").header("accept", GRAPHQL)).await.status, 400);
    // One body that is too big does not cost the connection that others share.
    assert_eq!(got(front.post().body(vec![b' '; 2_000_000])).await.status, 413);
    assert_eq!(got(front.query("{ __typename }")).await.status, 200);
}

#[tokio::test]
async fn health_tells_what_the_pipeline_can_do() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let front = Front::new(app.address);
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(got(front.get(path)).await.status, 200, "{path}");
    }
    app.database.pools().close();
    assert_eq!(got(front.get("/health/live")).await.status, 200);
    until_unready(&front).await;

    let stub = StubApp::new().await;
    assert_eq!(got(stub.get("/health/ready")).await.status, 200);
    stub.turn_unready();
    until_unready(&stub).await;
}

/// Waits for the check that tells it: an answer may be a second old.
async fn until_unready(front: &Front) {
    let begun = std::time::Instant::now();
    while got(front.get("/health/ready")).await.status != 503 {
        assert!(begun.elapsed() < LONG, "it is still ready");
        tokio::time::sleep(ms(50)).await;
    }
}
