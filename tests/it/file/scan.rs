//! Scans for viruses: what was not called clean is not served.

use std::time::Duration;

use clinigraph::{
    file::{FileSettings, ScannerOptions, rescan_now},
    pipeline::Settings,
};
use serde_json::json;

use super::{
    clamd::{Clamd, Mood, VIRUS},
    content::objects,
    person::Sample,
};
use crate::harness::{TestApp, code, settings, uuid};

async fn app(address: &str) -> TestApp {
    let scanner = ScannerOptions { address: address.to_owned(), most_bytes: 1 << 20, step: Duration::from_millis(300) };
    let files = FileSettings { scanner: Some(scanner), ..FileSettings::default() };
    TestApp::with(Settings { files, ..settings() }, 4).await
}

#[tokio::test]
async fn a_clean_file_is_served_and_an_infected_one_is_refused() {
    let clamd = Clamd::start(Mood::Well).await;
    let app = app(&clamd.address).await;
    let manager = app.clinic("Oak").await.manager().await;
    let clean = Sample::long(300_000);
    let virus = Sample::text(format!("{}{VIRUS}", "x".repeat(100_000)));

    let file = manager.upload(&clean).await;
    let (upload, url) = manager.begin_upload(virus.input()).await;
    let infected = manager.put(&url, virus.content).await;

    let read = manager.file(&file, "{ scanStatus url }").await;
    assert_eq!(read["scanStatus"], "CLEAN");
    assert_eq!(manager.get(read["url"].as_str().unwrap(), &[]).await.body, Ok(clean.content));
    assert_eq!(
        (infected.status, infected.error().1.as_str()),
        (422, "the content contains a virus: Eicar-Test-Signature")
    );
    assert_eq!(code(&manager.refused("completeUpload", json!({ "uploadId": upload })).await), "INVALID_TRANSITION");
    assert_eq!(objects(&app).len(), 1, "the infected one is gone");
    let large = manager.refused("createUpload", Sample::long((1 << 20) + 1).input()).await;
    assert_eq!(code(&large), "LIMIT_REACHED", "what would not be scanned is not accepted");
}

#[tokio::test]
async fn a_file_waits_for_a_scanner_that_does_not_answer() {
    let clamd = Clamd::start(Mood::Well).await;
    let app = app(&clamd.address).await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut files = Vec::new();

    for mood in [Mood::Silent, Mood::TooLarge, Mood::Closes, Mood::Mumbles] {
        clamd.be(mood);
        let file = manager.upload(&Sample::long(200_000)).await;
        let read = manager.file(&file, "{ scanStatus url }").await;
        assert_eq!(read, json!({ "scanStatus": "PENDING", "url": null }), "{mood:?}");
        assert_eq!(rescan_now(&app.files).await.unwrap(), 0, "{mood:?}");
        files.push(file);
    }
    clamd.be(Mood::Well);
    let infected = manager.upload(&Sample::text("clean for now")).await;
    assert_eq!(manager.file(&infected, "{ scanStatus }").await["scanStatus"], "CLEAN");

    assert_eq!(rescan_now(&app.files).await.unwrap(), 4);
    for file in &files {
        let url = manager.url(file).await;
        assert_eq!(manager.get(&url, &[]).await.status, 200);
    }
    assert_eq!(rescan_now(&app.files).await.unwrap(), 0, "nothing is left to scan");
}

#[tokio::test]
async fn what_a_later_scan_finds_is_never_served() {
    let clamd = Clamd::start(Mood::Silent).await;
    let app = app(&clamd.address).await;
    let manager = app.clinic("Oak").await.manager().await;
    let file = manager.upload(&Sample::text(VIRUS)).await;
    clamd.be(Mood::Well);

    assert_eq!(rescan_now(&app.files).await.unwrap(), 1);

    assert_eq!(manager.file(&file, "{ scanStatus url }").await, json!({ "scanStatus": "INFECTED", "url": null }));
    let finding = app.value(&format!("select finding from files where id = '{}'", uuid(&file))).await;
    assert_eq!(finding, "Eicar-Test-Signature");
    let ticket = manager.open_ticket("Printer").await;
    let input = json!({ "ticketId": ticket, "body": "x", "fileIds": [file] });
    let refused = manager.refused("replyToTicket", input).await;
    assert_eq!(refused["message"], "input.fileIds.0: must not contain a virus");
}

#[tokio::test]
async fn an_address_from_before_the_finding_is_not_served() {
    let clamd = Clamd::start(Mood::Well).await;
    let app = app(&clamd.address).await;
    let manager = app.clinic("Oak").await.manager().await;
    let url = manager.url(&manager.upload(&Sample::text("x")).await).await;

    for status in ["infected", "pending"] {
        app.execute(&format!("update files set scan_status = '{status}'")).await;
        assert_eq!(manager.get(&url, &[]).await.status, 409, "{status}");
    }
}

#[tokio::test]
async fn a_scanner_that_is_not_there_keeps_files_from_being_served() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let app = app(&address).await;
    let manager = app.clinic("Oak").await.manager().await;

    let file = manager.upload(&Sample::text("x")).await;

    assert_eq!(manager.file(&file, "{ scanStatus url }").await, json!({ "scanStatus": "PENDING", "url": null }));
}
