//! What the pipeline learns of a caller: ids, keys, addresses.

use serde_json::json;

use super::{
    client::{Front, got},
    stub::StubApp,
};
use crate::support::TestApp;

#[tokio::test]
async fn a_harmless_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let (longest, longer) = ("a".repeat(64), "a".repeat(65));
    for (given, kept) in
        [("abc-DEF_1", true), (&*longest, true), (&*longer, false), ("a b", false), ("ä", false), ("", false)]
    {
        let got = got(front.query("{ nope }").header("x-request-id", given)).await;

        assert_eq!(got.header("x-request-id") == given, kept, "{given}");
        assert!(kept || got.header("x-request-id").len() == 36, "{given}");
        assert_eq!(got.json()["errors"][0]["extensions"]["requestId"], json!(got.header("x-request-id")));
    }
}

#[tokio::test]
async fn an_idempotency_key_is_printable_and_not_long() {
    let app = StubApp::new().await;
    let (longest, longer) = ("k".repeat(255), "k".repeat(256));
    for (key, fine) in
        [("key 1~", true), (&*longest, true), (&*longer, false), ("", false), ("a\tb", false), ("ä", false)]
    {
        let got = got(app.query("{ echo }").header("idempotency-key", key)).await;

        if fine {
            assert_eq!(got.json()["data"]["echo"]["key"], key);
        } else {
            assert_eq!((got.status, &*got.code()), (400, "INVALID_INPUT"), "{key}");
        }
    }
}

#[tokio::test]
async fn a_repeated_key_does_not_do_it_twice() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let open = "mutation { openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } } }";
    let key = [("idempotency-key", "once")];

    let first = manager.send_with(open, json!({}), &key).await;
    let again = manager.send_with(open, json!({}), &key).await;
    assert_eq!(first.body["data"], again.body["data"]);
    assert!(first.body["data"]["openTicket"]["ticket"]["id"].is_string());
    assert_eq!(manager.ask("{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"], 1);
}

#[tokio::test]
async fn only_a_trusted_proxy_names_the_client() {
    let cases: [(&[&str], _, _); 6] = [
        (&[], "1.2.3.4", "127.0.0.1"),
        (&["127.0.0.1"], "1.2.3.4", "1.2.3.4"),
        (&["127.0.0.1"], "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (&["127.0.0.1", "10.0.0.1"], "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (&["127.0.0.1"], "junk", "127.0.0.1"),
        (&["127.0.0.1"], "1.2.3.4, junk", "127.0.0.1"),
    ];
    for (trusted, chain, wanted) in cases {
        let trusted = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let app = StubApp::with(|config| config.trusted_proxies = trusted).await;
        let got = got(app.query("{ echo }").header("x-forwarded-for", chain)).await;

        assert_eq!(got.json()["data"]["echo"]["address"], wanted, "{chain}");
    }
}
