//! What the pipeline learns of a caller: ids, keys, addresses.

use crate::wire::{client::got, stub::StubApp};

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
