//! Events of exports.

use serde_json::json;

use crate::{
    harness::{TestApp, reader::Received},
    live::BOTH,
};

const EVENTS: &str = "subscription ($export: ID, $after: String) {
    exportEvents(exportId: $export, after: $after) { cursor kind changed export { id status rowsDone } }
}";

#[tokio::test]
async fn who_requested_an_export_learns_of_its_progress_and_its_end_and_nobody_else() {
    for over in BOTH {
        let app = TestApp::new().await;
        let oak = app.clinic("Oak").await;
        let (manager, colleague) = (oak.manager().await, oak.manager().await);
        app.many_tickets(&manager, oak.id, 300).await;
        let after = app.now().await;
        let mut all = manager.listen(over, EVENTS, Some(&after)).await;
        let mut theirs = colleague.listen(over, EVENTS, Some(&after)).await;

        let export = manager.request_ticket_export(json!({})).await;
        let mut one = manager.listen_to(over, EVENTS, json!({ "export": export, "after": after })).await;
        app.work().await;
        let own = colleague.request_ticket_export(json!({})).await;

        for reader in [&mut all, &mut one] {
            let events = reader.events(4).await;
            let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
            assert_eq!(kinds, ["REQUESTED", "STARTED", "PROGRESSED", "COMPLETED"], "{over:?}");
            assert!(events.iter().all(|event| event["export"]["id"] == export));
            assert_eq!(events[2]["changed"], json!(["rowsDone", "rowsTotal", "updatedAt", "version"]));
        }
        // The first that the colleague receives is of their own.
        match theirs.next().await {
            Received::Event(payload, _) => assert_eq!(payload["data"]["exportEvents"]["export"]["id"], own),
            other => panic!("{other:?}"),
        }
    }
}
