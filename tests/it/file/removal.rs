//! Removing files, and the legal hold that keeps them.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use super::{content::objects, person::Sample};
use crate::harness::{TestApp, code, uuid};

#[tokio::test]
async fn a_file_is_removed_with_its_content() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let file = manager.upload(&Sample::text("x")).await;

    let stale = manager.refused("removeFile", json!({ "fileId": file, "expectedVersion": 7 })).await;
    let removed = manager.change("removeFile", json!({ "fileId": file }), "{ removedFileId clinic { name } }").await;
    let swept = clinigraph::file::sweep_now(&app.files).await.unwrap();

    assert_eq!(code(&stale), "STALE_OBJECT");
    assert_eq!(removed, json!({ "removedFileId": file, "clinic": { "name": "Oak" } }));
    assert_eq!(manager.file(&file, "{ id }").await, Value::Null);
    assert_eq!((swept.objects, objects(&app).len()), (1, 0));
    assert_eq!(app.value("select count(*) from removed_files").await, 0);
}

#[tokio::test]
async fn a_file_of_somebody_else_is_removed_by_who_manages_the_clinic() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, staff, colleague) =
        (oak.manager().await, oak.person(SystemRole::Staff).await, oak.person(SystemRole::Staff).await);
    let ticket = staff.open_ticket("Printer").await;
    let file = staff.upload(&Sample::text("x")).await;
    staff.reply_with_file(&ticket, &file).await;

    assert_eq!(colleague.try_remove_file(&file).await.code().as_deref(), Some("FORBIDDEN"));
    let auditor = oak.person(SystemRole::Auditor).await;
    assert_eq!(auditor.try_remove_file(&file).await.code().as_deref(), Some("FORBIDDEN"));
    assert_eq!(manager.try_remove_file(&file).await.code(), None);
    let read = manager.ticket(&ticket, "{ messages { nodes { files { id } } } }").await;
    assert_eq!(read["messages"]["nodes"], json!([{ "files": [] }]));
}

#[tokio::test]
async fn a_file_under_legal_hold_stays_until_it_is_released() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let file = manager.upload(&Sample::logo()).await;
    manager.change("updateClinicLogo", json!({ "fileId": file }), "{ clinic { id } }").await;
    let input = json!({ "fileId": file, "reason": "Case 12/2026" });
    let selection = "{ file { isHeld version } }";

    assert_eq!(code(&manager.refused("holdFile", input.clone()).await), "FORBIDDEN");
    assert_eq!(code(&administrator.refused("releaseFile", input.clone()).await), "INVALID_TRANSITION");
    let held = administrator.change("holdFile", input.clone(), selection).await;
    let seen = manager.file(&file, "{ isHeld }").await;
    // A held logo is replaced, and stays.
    let next = manager.upload(&Sample::logo()).await;
    manager.change("updateClinicLogo", json!({ "fileId": next }), "{ clinic { id } }").await;
    let row = app.as_role("system", &format!("delete from files where id = '{}'", uuid(&file))).await;

    assert_eq!(held["file"], json!({ "isHeld": true, "version": 3 }));
    assert_eq!(seen["isHeld"], true);
    assert!(row.unwrap_err().to_string().contains("legal hold"));
    assert!(administrator.file(&file, "{ url }").await["url"].is_string());

    let loose = manager.upload(&Sample::text("x")).await;
    administrator.change("holdFile", json!({ "fileId": loose, "reason": "Case 13" }), selection).await;
    assert_eq!(manager.try_remove_file(&loose).await.code().as_deref(), Some("INVALID_TRANSITION"));
    app.clock.turn(chrono::TimeDelta::days(3));
    clinigraph::file::sweep_now(&app.files).await.unwrap();
    let manager = app.signed_in(manager.user_id, Some(oak.id)).await;
    let administrator = app.signed_in(administrator.user_id, None).await;
    let released = json!({ "fileId": loose, "reason": "The case is closed." });
    administrator.change("releaseFile", released, selection).await;
    assert_eq!(manager.try_remove_file(&loose).await.code(), None);

    let trail = format!(
        "select string_agg(operation || ' ' || (changes::text), '; ' order by seq) from audit_events where resource_id = '{}' and operation like '%eFile'",
        uuid(&loose)
    );
    let trail = app.value(&trail).await.to_string();
    assert!(trail.contains("releaseFile") && trail.contains("The case is closed."), "{trail}");
}
