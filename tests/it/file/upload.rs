//! Uploads: agreed, sent once, completed, and refused in every other way.

use chrono::TimeDelta;
use clinigraph::{
    file::{FileLimits, FileSettings},
    kernel::actor::SystemRole,
    pipeline::Settings,
};
use serde_json::{Value, json};

use super::person::{Sample, png};
use crate::harness::{TestApp, code, settings};

#[tokio::test]
async fn a_file_comes_back_as_it_was_sent() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::long(200_000);
    let (upload, url) = manager.begin_upload(sample.input()).await;
    let before = manager.refused("completeUpload", json!({ "uploadId": upload })).await;

    let sent = manager.put(&url, sample.content.clone()).await;
    let received = "query ($id: ID!) { fileUpload(id: $id) { status file { id } } }";
    let received = manager.ask(received, json!({ "id": upload })).await;
    let file = manager.complete_upload(&upload).await;
    let again = manager.complete_upload(&upload).await;
    let read = "{ name purpose mediaType sizeBytes sha256 visibility scanStatus isHeld version url createdBy { id } subject { id } }";
    let read = manager.file(&file, read).await;
    let got = manager.get(read["url"].as_str().unwrap(), &[]).await;

    assert_eq!((code(&before), sent.status), ("INVALID_TRANSITION", 204));
    assert_eq!(received["fileUpload"], json!({ "status": "RECEIVED", "file": null }));
    assert_eq!(again, file);
    let mut described = read.clone();
    described.as_object_mut().unwrap().remove("url");
    let me = json!({ "id": manager.api_id() });
    assert_eq!(
        described,
        json!({
            "name": "notes.txt", "purpose": "TICKET_ATTACHMENT", "mediaType": "text/plain", "sizeBytes": 200_000,
            "sha256": sample.sha256(), "visibility": "UPLOADER", "scanStatus": "NOT_SCANNED", "isHeld": false,
            "version": 1, "createdBy": me, "subject": me,
        })
    );
    assert_eq!((got.status, got.body.as_deref()), (200, Ok(sample.content.as_slice())));
}

#[tokio::test]
async fn what_is_stored_cannot_be_read_without_its_key() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.upload(&Sample::text("a very secret note ".repeat(50))).await;

    let stored = super::content::objects(&app);

    assert_eq!(stored.len(), 1);
    let bytes = std::fs::read(&stored[0]).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"secret"));
}

#[tokio::test]
async fn a_content_that_is_not_as_agreed_is_refused_and_nothing_of_it_stays() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::long(100_000);
    let (upload, url) = manager.begin_upload(sample.input()).await;
    let changed = |at: usize| {
        let mut content = sample.content.clone();
        content[at] = b'!';
        content
    };
    let streamed =
        |content: Vec<u8>| reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(content)]));
    let longer = [sample.content.clone(), vec![b'x']].concat();

    for (body, message) in [
        (reqwest::Body::from(sample.content[1..].to_vec()), "the content must have 100000 bytes, as agreed, not 99999"),
        (streamed(sample.content[1..].to_vec()), "the content must have 100000 bytes, as agreed, not 99999"),
        (reqwest::Body::from(longer.clone()), "the content must have 100000 bytes, as agreed, not more"),
        (streamed(longer), "the content must have 100000 bytes, as agreed, not more"),
        (reqwest::Body::from(Vec::new()), "the content must have 100000 bytes, as agreed, not 0"),
        (reqwest::Body::from(changed(99_999)), "the SHA-256 of the content is not the one that was agreed"),
        (reqwest::Body::from(changed(0)), "the SHA-256 of the content is not the one that was agreed"),
    ] {
        let got = manager.fetch("PUT", &url, &[], body).await;
        assert_eq!((got.status, got.error()), (422, ("INVALID_INPUT".to_owned(), message.to_owned())));
    }
    let typed = manager.fetch("PUT", &url, &[("content-type", "text/html")], sample.content.clone()).await;
    assert_eq!(typed.error().1, "the Content-Type must be text/plain, as agreed, not text/html");
    assert_eq!(code(&manager.refused("completeUpload", json!({ "uploadId": upload })).await), "INVALID_TRANSITION");
    assert_eq!(super::content::objects(&app), Vec::<std::path::PathBuf>::new());

    // The address is still good for what was agreed.
    let typed = [("content-type", "text/plain; charset=utf-8")];
    assert_eq!(manager.fetch("PUT", &url, &typed, sample.content.clone()).await.status, 204);
}

#[tokio::test]
async fn a_name_and_a_sender_do_not_decide_what_a_content_is() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let html = b"<!DOCTYPE html><script>alert(1)</script>".to_vec();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec();

    for (purpose, media_type, content, message) in [
        (
            "CLINIC_LOGO",
            "image/png",
            html.clone(),
            "the content is HTML, SVG or other markup, and not image/png as agreed",
        ),
        (
            "TICKET_ATTACHMENT",
            "image/png",
            html.clone(),
            "the content is HTML, SVG or other markup, and not image/png as agreed",
        ),
        (
            "TICKET_ATTACHMENT",
            "text/plain",
            svg,
            "the content is HTML, SVG or other markup, and not text/plain as agreed",
        ),
        (
            "TICKET_ATTACHMENT",
            "application/pdf",
            png(2, 2),
            "the content is a PNG image, and not application/pdf as agreed",
        ),
        (
            "TICKET_ATTACHMENT",
            "text/csv",
            vec![0, 1, 2],
            "the content is of an unknown type, and not text/csv as agreed",
        ),
    ] {
        let sample = Sample { name: "logo.png", purpose, media_type, content };
        let (_, url) = manager.begin_upload(sample.input()).await;
        let got = manager.put(&url, sample.content).await;
        assert_eq!((got.status, got.error().1.as_str()), (422, message));
    }
    assert_eq!(super::content::objects(&app), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn an_address_takes_one_content_and_only_for_an_hour() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::text("Once.");
    let (upload, url) = manager.begin_upload(sample.input()).await;
    let (late, late_url) = manager.begin_upload(sample.input()).await;
    let (received, received_url) = manager.begin_upload(sample.input()).await;
    assert_eq!(manager.put(&received_url, sample.content.clone()).await.status, 204);

    assert_eq!(manager.put(&url, sample.content.clone()).await.status, 204);
    let again = manager.put(&url, sample.content.clone()).await;
    manager.complete_upload(&upload).await;
    let after = manager.put(&url, sample.content.clone()).await;
    app.clock.turn(TimeDelta::minutes(61));
    let expired = manager.put(&late_url, sample.content.clone()).await;

    assert_eq!((again.status, after.status, expired.status), (409, 409, 410));
    for upload in [late, received] {
        assert_eq!(code(&manager.refused("completeUpload", json!({ "uploadId": upload })).await), "INVALID_TRANSITION");
    }
    let altered = format!("{}A", &late_url[..late_url.len() - 1]);
    for url in [altered.as_str(), "/files/uploads/x", &late_url.replace("/uploads", "")] {
        assert_eq!(manager.put(url, Vec::new()).await.status, if url.contains("uploads") { 404 } else { 405 }, "{url}");
    }
}

#[tokio::test]
async fn of_two_requests_with_one_address_one_is_taken() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::long(300_000);
    let (upload, url) = manager.begin_upload(sample.input()).await;

    let sent: Vec<_> = futures_util::future::join_all((0..4).map(|_| manager.put(&url, sample.content.clone()))).await;

    let mut statuses: Vec<_> = sent.iter().map(|got| got.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204, "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| [409, 429].contains(status)), "{statuses:?}");
    let file = manager.complete_upload(&upload).await;
    assert_eq!(manager.get(&manager.url(&file).await, &[]).await.body, Ok(sample.content));
    assert_eq!(super::content::objects(&app).len(), 1);
}

#[tokio::test]
async fn all_problems_of_an_agreement_are_named() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let input = json!({ "name": "../x", "purpose": "CLINIC_LOGO", "mediaType": "image/svg+xml", "sizeBytes": 9, "sha256": "zz" });

    let problems = manager.problems("createUpload", input).await;

    let problems: Vec<_> = problems.iter().map(|(path, message)| (path.as_str(), message.as_str())).collect();
    assert_eq!(
        problems,
        [
            ("input.name", "must not have slashes, backslashes or control characters"),
            ("input.mediaType", "must be one of image/png, image/jpeg, image/webp"),
            ("input.sha256", "must have 64 hexadecimal digits"),
        ]
    );
}

#[tokio::test]
async fn files_are_limited_by_size_and_by_clinic() {
    let limits =
        FileLimits { file: 1000, clinic: 2500, plans: [("tiny".to_owned(), 10)].into(), ..FileLimits::default() };
    let files = FileSettings { limits, ..FileSettings::default() };
    let app = TestApp::with(Settings { files, ..settings() }, 4).await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    let limit = |error: Value| (code(&error).to_owned(), error["extensions"]["limit"].clone());

    let large = manager.refused("createUpload", Sample::long(1001).input()).await;
    manager.upload(&Sample::long(1000)).await;
    // What has not come yet counts, too.
    manager.begin_upload(Sample::long(1000).input()).await;
    let full = manager.refused("createUpload", Sample::long(501).input()).await;
    manager.begin_upload(Sample::long(500).input()).await;
    let elsewhere = elm.manager().await;
    elsewhere.begin_upload(Sample::long(1000).input()).await;
    app.execute("update clinics set subscription_plan = 'tiny'").await;
    let tiny = elsewhere.refused("createUpload", Sample::long(11).input()).await;

    assert!(full["message"].as_str().unwrap().contains("may have 2500 bytes"), "{full}");
    assert_eq!(limit(large), ("LIMIT_REACHED".to_owned(), json!(1000)));
    assert_eq!(limit(full), ("LIMIT_REACHED".to_owned(), json!(2500)));
    assert_eq!(limit(tiny), ("LIMIT_REACHED".to_owned(), json!(10)));
}

#[tokio::test]
async fn two_uploads_at_once_do_not_pass_the_quota_together() {
    let limits = FileLimits { clinic: 1500, ..FileLimits::default() };
    let files = FileSettings { limits, ..FileSettings::default() };
    let app = TestApp::with(Settings { files, ..settings() }, 8).await;
    let manager = app.clinic("Oak").await.manager().await;

    let tried = (0..8).map(|_| manager.mutate("createUpload", Sample::long(1000).input(), "{ url }"));
    let tried = futures_util::future::join_all(tried).await;

    assert_eq!(tried.iter().filter(|answer| answer.code().is_none()).count(), 1);
}

#[tokio::test]
async fn a_purpose_takes_its_permission() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (staff, clinician) = (oak.person(SystemRole::Staff).await, oak.person(SystemRole::Clinician).await);

    assert_eq!(code(&staff.refused("createUpload", Sample::logo().input()).await), "FORBIDDEN");
    assert_eq!(code(&clinician.refused("createUpload", Sample::text("x").input()).await), "FORBIDDEN");
    staff.upload(&Sample::text("x")).await;
}
