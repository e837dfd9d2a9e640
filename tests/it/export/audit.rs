//! Exports of the audit trail.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::lines;
use crate::harness::{TestApp, code};

#[tokio::test]
async fn an_administrator_exports_the_trail_of_a_range_of_time() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let (manager, other) = (oak.manager().await, elm.manager().await);
    let ticket = manager.open_ticket("Printer").await;
    let theirs = other.open_ticket("Telephone").await;
    let hour = |hours: i64| (app.clock.now() + TimeDelta::hours(hours)).to_rfc3339();
    let request = async |input: Value| {
        let requested = administrator.change("requestAuditExport", input, "{ export { id kind clinic { id } } }").await;
        assert_eq!(
            (&requested["export"]["kind"], &requested["export"]["clinic"]),
            (&json!("AUDIT_EVENTS"), &Value::Null)
        );
        requested["export"]["id"].as_str().unwrap().to_owned()
    };

    let all = request(json!({ "from": hour(-1), "until": hour(1) })).await;
    let of_oak =
        request(json!({ "from": hour(-1), "until": hour(1), "clinicId": oak.api_id(), "format": "CSV" })).await;
    let none = request(json!({ "from": hour(-3), "until": hour(-2) })).await;
    app.work().await;

    let rows = lines(&administrator.content_of_export(&all).await);
    let opened = rows.iter().find(|row| row["resourceId"] == json!(ticket)).unwrap();
    for (field, value) in [
        ("verb", json!("CREATE")),
        ("operation", json!("openTicket")),
        ("clinicId", json!(oak.api_id())),
        ("actorId", json!(manager.api_id())),
        ("actorKind", json!("TENANT")),
        ("success", json!(true)),
    ] {
        assert_eq!(opened[field], value, "{field}");
    }
    let changes = opened["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({ "field": "title", "redacted": true })), "{opened}");
    assert!(rows.iter().any(|row| row["resourceId"] == json!(theirs)));
    assert!(rows.iter().any(|row| row["clinicId"].is_null()), "those of the platform");
    let csv = administrator.content_of_export(&of_oak).await;
    assert!(csv.contains(&ticket) && !csv.contains(&theirs), "{csv}");
    assert_eq!(
        administrator.export(&none, "{ status rowsDone file { id } }").await,
        json!({ "status": "COMPLETED", "rowsDone": 0, "file": null })
    );
    let file = "{ file { clinic { id } name } }";
    let read = administrator.export(&all, file).await;
    assert_eq!(read["file"]["clinic"], Value::Null, "a file of the platform");
}

#[tokio::test]
async fn a_clinic_does_not_export_the_trail() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let input = json!({ "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z" });
    let backwards = json!({ "from": "2026-02-01T00:00:00Z", "until": "2026-02-01T00:00:00Z" });

    assert_eq!(code(&manager.refused("requestAuditExport", input).await), "FORBIDDEN");
    let problems = administrator.problems("requestAuditExport", backwards).await;
    assert_eq!(problems, [("input.until".to_owned(), "must be later than from".to_owned())]);
}
