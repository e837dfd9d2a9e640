//! What the pipeline learns of a caller: ids, keys, addresses.

use serde_json::json;

use crate::harness::TestApp;
use crate::wire::client::{Front, got};

#[tokio::test]
async fn a_harmless_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::new().await;
    let front = Front::new(app.address);
    let (longest, longer) = ("a".repeat(64), "a".repeat(65));
    for (given, accepted) in
        [("abc-DEF_1", true), (&*longest, true), (&*longer, false), ("a b", false), ("ä", false), ("", false)]
    {
        let got = got(front.query("{ nope }").header("x-request-id", given)).await;

        assert_eq!(got.header("x-request-id") == given, accepted, "{given}");
        assert!(accepted || got.header("x-request-id").len() == 36, "{given}");
        assert_eq!(got.json()["errors"][0]["extensions"]["requestId"], json!(got.header("x-request-id")));
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
