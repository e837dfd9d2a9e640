//! How exports end: cancelled, after their worker was killed, expired, or abandoned.

use std::time::Duration;

use chrono::TimeDelta;
use clinigraph::{file::sweep_now, kernel::db};
use diesel_async::SimpleAsyncConnection;
use serde_json::json;

use super::{lines, until_status};
use crate::{
    file::objects,
    harness::{TestApp, code},
};

#[tokio::test]
async fn an_export_is_cancelled_while_it_waits() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let export = manager.request_ticket_export(json!({})).await;
    assert_eq!(manager.export(&export, "{ viewerCanCancel }").await, json!({ "viewerCanCancel": true }));

    let cancelled =
        manager.change("cancelExport", json!({ "exportId": export }), "{ export { status finishedAt } }").await;
    app.work().await;

    assert!(cancelled["export"]["finishedAt"].is_string());
    assert_eq!(manager.export(&export, "{ status file { id } }").await, json!({ "status": "CANCELLED", "file": null }));
    assert!(objects(&app).is_empty());
    let refused = manager.refused("downloadExport", json!({ "exportId": export })).await;
    assert_eq!(refused["message"], "an export that is CANCELLED has no file; please request a new one");
}

#[tokio::test]
async fn an_export_is_cancelled_while_it_runs() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    app.many_tickets(&manager, oak.id, 600).await;
    let export = manager.request_ticket_export(json!({})).await;
    app.has_read_all_events().await;
    let mut holding = db::connect(&app.superuser_url).await.unwrap();
    holding.batch_execute("begin; lock table support_tickets in access exclusive mode").await.unwrap();

    let working = app.start_working();
    until_status(&manager, &export, "RUNNING").await;
    manager.change("cancelExport", json!({ "exportId": export }), "{ export { status } }").await;
    holding.batch_execute("rollback").await.unwrap();
    working.await.unwrap();

    let read = manager.export(&export, "{ status file { id } error }").await;
    assert_eq!(read, json!({ "status": "CANCELLED", "file": null, "error": null }));
    assert_eq!(app.value("select count(*) from files").await, 0);
    assert!(objects(&app).is_empty());
    assert_eq!(app.value("select count(*) from jobs where kind = 'export_run'").await, 0);
    // Cancelling it again changes nothing.
    manager.change("cancelExport", json!({ "exportId": export }), "{ export { status } }").await;
}

#[tokio::test]
async fn an_export_whose_worker_was_killed_begins_again_and_leaves_no_half_file() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    app.many_tickets(&manager, oak.id, 600).await;
    let export = manager.request_ticket_export(json!({ "format": "NDJSON" })).await;
    app.has_read_all_events().await;
    // Every page but the first takes long.
    app.execute(
        "create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(2); return null; end $$;
         create trigger wait after update on export_jobs for each row when (new.rows_done = 500) execute function wait()",
    )
    .await;
    let working = app.start_working();
    let rows = async || manager.export(&export, "{ rowsDone }").await["rowsDone"].as_i64().unwrap();
    while rows().await < 250 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    working.abort();
    drop(working.await);
    app.execute("drop trigger wait on export_jobs").await;
    let before = manager.export(&export, "{ status file { id } }").await;
    // Its lease has expired.
    app.execute("update jobs set lease_expires_at = now() - interval '1 second' where kind = 'export_run'").await;
    app.work().await;

    assert_eq!(before, json!({ "status": "RUNNING", "file": null }));
    assert_eq!(manager.export(&export, "{ status rowsDone }").await, json!({ "status": "COMPLETED", "rowsDone": 600 }));
    assert_eq!(lines(&manager.content_of_export(&export).await).len(), 600);
    assert_eq!(app.value("select count(*) from files").await, 1);
    let whole: Vec<_> = objects(&app).into_iter().filter(|object| !object.to_string_lossy().contains('#')).collect();
    assert_eq!(whole.len(), 1, "{whole:?}");
}

#[tokio::test]
async fn a_file_is_removed_after_a_week_unless_it_is_held() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let (export, held) =
        (manager.request_ticket_export(json!({})).await, manager.request_ticket_export(json!({})).await);
    app.work().await;
    let file = administrator.export(&held, "{ file { id } }").await["file"]["id"].clone();
    administrator.change("holdFile", json!({ "fileId": file, "reason": "A lawsuit." }), "{ file { id } }").await;
    let expires = manager.export(&export, "{ finishedAt expiresAt }").await;
    let time = |name: &str| expires[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("expiresAt") - time("finishedAt"), TimeDelta::days(7));

    app.clock.turn(TimeDelta::days(7) + TimeDelta::minutes(1));
    let manager = app.signed_in(manager.user_id, Some(oak.id)).await;
    let expired = manager.refused("downloadExport", json!({ "exportId": export })).await;
    app.clock.turn(TimeDelta::minutes(15));
    app.work().await;
    // On a busy machine an attempt can fail and wait for the next one.
    for _ in 0..5 {
        if manager.export(&export, "{ status }").await["status"] == "EXPIRED" {
            break;
        }
        app.clock.turn(TimeDelta::minutes(1));
        app.work().await;
    }
    sweep_now(&app.files).await.unwrap();

    assert_eq!(expired["message"], "the file of the export has expired; please request a new one");
    assert_eq!(manager.export(&export, "{ status file { id } }").await, json!({ "status": "EXPIRED", "file": null }));
    assert_eq!(
        manager.export(&held, "{ status file { id } }").await,
        json!({ "status": "COMPLETED", "file": { "id": file } })
    );
    assert_eq!(objects(&app).len(), 1, "the held one");
}

#[tokio::test]
async fn an_export_that_no_job_works_on_has_failed() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let export = manager.request_ticket_export(json!({})).await;
    app.execute("delete from jobs where kind = 'export_run'").await;
    // The upkeep waits for its time from now on.
    app.work().await;

    app.clock.turn(TimeDelta::minutes(15));
    app.work().await;

    let error = "the server was stopped each time before the file was written; please request the export again";
    assert_eq!(manager.export(&export, "{ status error }").await, json!({ "status": "FAILED", "error": error }));
    assert_eq!(app.value("select kind from notifications").await, "export_failed");
}

#[tokio::test]
async fn an_export_that_is_too_large_fails() {
    let mut settings = crate::harness::settings();
    settings.files.limits.file = 300;
    let app = TestApp::with(settings, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket("Printer").await;

    let export = manager.request_ticket_export(json!({})).await;
    app.work().await;

    let read = manager.export(&export, "{ status error }").await;
    assert_eq!(read, json!({ "status": "FAILED", "error": "the file would have more than 300 bytes" }));
    assert!(objects(&app).is_empty());
    assert_eq!(code(&manager.refused("downloadExport", json!({ "exportId": export })).await), "INVALID_TRANSITION");
}
