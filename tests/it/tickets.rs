//! Support tickets.

use clinigraph::kernel::actor::Role;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_stranger_clinic_sees_no_ticket() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs) = (oak.manager().await, elm.manager().await);
    let ticket = ours.open_ticket("Printer").await;

    let seen = theirs
        .ask("query ($id: ID!) { ticket(id: $id) { id } tickets { totalCount nodes { id } } }", json!({ "id": ticket }))
        .await;

    assert_eq!(seen, json!({ "ticket": null, "tickets": { "totalCount": 0, "nodes": [] } }));
}

#[tokio::test]
async fn a_clinician_may_not_see_tickets() {
    let app = TestApp::new().await;
    let clinician = app.clinic("Oak").await.person(Role::Clinician).await;

    assert_eq!(clinician.fail("{ tickets { totalCount } }", json!({})).await, "FORBIDDEN");
}
