//! What has expired or belongs to nothing is removed, and nothing else.

use std::path::PathBuf;

use chrono::TimeDelta;
use clinigraph::file::{Swept, sweep_now};
use serde_json::Value;

use super::{content::objects, person::Sample};
use crate::harness::TestApp;

#[tokio::test]
async fn uploads_that_expire_and_files_that_nobody_uses_are_removed_after_a_day() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    manager.begin_upload(Sample::text("never sent").input()).await;
    manager.send_upload(&Sample::text("never completed")).await;
    manager.upload(&Sample::text("never used")).await;
    let used = manager.upload(&Sample::text("used")).await;
    let ticket = manager.open_ticket("Printer").await;
    manager.reply_with_file(&ticket, &used).await;

    app.clock.turn(TimeDelta::hours(23));
    assert_eq!(sweep_now(&app.files).await.unwrap(), Swept::default());
    app.clock.turn(TimeDelta::hours(3));
    let swept = sweep_now(&app.files).await.unwrap();

    // Two uploads that were not completed, two that were, and the file that was not used; two objects.
    assert_eq!(swept, Swept { rows: 5, objects: 2 });
    assert_eq!(objects(&app).len(), 1);
    let manager = app.signed_in(manager.user_id, Some(oak.id)).await;
    let url = manager.url(&used).await;
    assert_eq!(manager.get(&url, &[]).await.body.as_deref(), Ok(&b"used"[..]));
    assert_eq!(app.value("select count(*) from files").await, 1);
    assert_eq!(app.value("select count(*) from file_uploads").await, 0);
}

#[tokio::test]
async fn objects_without_a_row_are_removed_after_a_day() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let used = manager.upload(&Sample::text("used")).await;
    let ticket = manager.open_ticket("Printer").await;
    manager.reply_with_file(&ticket, &used).await;
    let known = objects(&app);
    let folder = known[0].parent().unwrap().to_owned();
    let orphan = folder.join("0192f0c1-2345-7abc-8def-0123456789ab");
    let unfinished = folder.join("0192f0c1-2345-7abc-8def-0123456789ac#1");
    let foreign = app.directory.path().join("README");
    for file in [&orphan, &unfinished, &foreign] {
        std::fs::write(file, "x").unwrap();
    }

    sweep_now(&app.files).await.unwrap();
    assert!(orphan.exists() && unfinished.exists(), "they could be on their way");
    app.clock.turn(TimeDelta::hours(25));
    let swept = sweep_now(&app.files).await.unwrap();

    assert_eq!(swept.objects, 2);
    assert!(!orphan.exists() && !unfinished.exists());
    assert!(foreign.exists(), "what is none of ours stays");
    let left: Vec<PathBuf> = objects(&app).into_iter().filter(|path| *path != foreign).collect();
    assert_eq!(left, known);
    let manager = app.signed_in(manager.user_id, Some(oak.id)).await;
    assert!(manager.file(&used, "{ url }").await["url"].is_string());
}

#[tokio::test]
async fn the_content_goes_with_its_row_and_not_before() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let file = manager.upload(&Sample::text("x")).await;
    manager.change("removeFile", serde_json::json!({ "fileId": file }), "{ removedFileId }").await;
    let [object] = objects(&app).try_into().unwrap();
    assert_eq!(manager.file(&file, "{ id }").await, Value::Null);

    // The store fails once: the note stays, and the next run removes the object.
    std::fs::remove_file(&object).unwrap();
    std::fs::create_dir(&object).unwrap();
    let failed = sweep_now(&app.files).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(app.value("select count(*) from removed_files").await, 1);
    std::fs::remove_dir(&object).unwrap();
    std::fs::write(&object, "x").unwrap();
    sweep_now(&app.files).await.unwrap();

    assert_eq!(app.value("select count(*) from removed_files").await, 0);
    assert_eq!(objects(&app), Vec::<PathBuf>::new());
}
