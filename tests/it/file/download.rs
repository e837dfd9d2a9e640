//! Downloads: addresses that expire, ranges, and headers that keep a browser from running what it gets.

use chrono::TimeDelta;
use clinigraph::{
    file::{FileLimits, FileSettings},
    pipeline::Settings,
};
use serde_json::json;

use super::person::Sample;
use crate::harness::{TestApp, settings};

#[tokio::test]
async fn a_part_of_a_file_is_served() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::long(150_000);
    let url = manager.url(&manager.upload(&sample).await).await;

    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-9", 0, 9),
        ("bytes=65530-65545", 65_530, 65_545),
        ("bytes=65536-131071", 65_536, 131_071),
        ("bytes=149990-", 149_990, 149_999),
        ("bytes=-10", 149_990, 149_999),
        ("bytes=100-999999", 100, 149_999),
        ("bytes=-999999", 0, 149_999),
    ] {
        let got = manager.get(&url, &[("range", range)]).await;
        assert_eq!(got.status, 206, "{range}");
        assert_eq!(got.header("content-range"), Some(format!("bytes {first}-{last}/150000").as_str()), "{range}");
        assert_eq!(got.header("content-length"), Some((last - first + 1).to_string().as_str()));
        assert_eq!(got.body.as_deref(), Ok(&sample.content[first..=last]), "{range}");
    }
    for range in ["bytes=150000-", "bytes=150000-150001", "bytes=-0"] {
        let got = manager.get(&url, &[("range", range)]).await;
        assert_eq!((got.status, got.header("content-range")), (416, Some("bytes */150000")), "{range}");
    }
    for range in ["bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=x"] {
        let got = manager.get(&url, &[("range", range)]).await;
        assert_eq!((got.status, got.body.unwrap().len()), (200, 150_000), "{range}");
    }
    let tag = format!("\"{}\"", sample.sha256());
    let same = manager.get(&url, &[("range", "bytes=0-1"), ("if-range", &tag)]).await;
    let other = manager.get(&url, &[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await;
    assert_eq!((same.status, other.status), (206, 200));
}

#[tokio::test]
async fn the_head_of_an_answer_keeps_a_browser_from_running_it() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample { name: "Bericht März.txt", ..Sample::text("<3 ".repeat(2000)) };
    let url = manager.url(&manager.upload(&sample).await).await;

    let got = manager.get(&url, &[("accept-encoding", "gzip, br")]).await;
    let head = manager.fetch("HEAD", &url, &[], Vec::new()).await;

    for got in [&got, &head] {
        assert_eq!(got.status, 200);
        for (name, value) in [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", "6000"),
            (
                "content-disposition",
                "attachment; filename=\"Bericht M_rz.txt\"; filename*=UTF-8''Bericht%20M%C3%A4rz.txt",
            ),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, no-store"),
            ("referrer-policy", "no-referrer"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(got.header(name), Some(value), "{name}");
        }
        assert_eq!(got.header("etag"), Some(format!("\"{}\"", sample.sha256()).as_str()));
        assert_eq!(got.header("content-encoding"), None);
    }
    assert_eq!((got.body.unwrap().len(), head.body.unwrap().len()), (6000, 0));
}

#[tokio::test]
async fn an_address_is_good_for_five_minutes_and_for_its_file_alone() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let file = manager.upload(&Sample::text("Mine.")).await;
    let url = manager.url(&file).await;

    for at in [7, 30, 60, url.len() - 1] {
        let mut altered = url.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let got = manager.get(&String::from_utf8(altered).unwrap(), &[]).await;
        assert_eq!((got.status, got.error().0.as_str()), (404, "NOT_FOUND"), "{at}");
    }
    assert_eq!(manager.get("/files/x", &[]).await.status, 404);
    assert_eq!(manager.fetch("DELETE", &url, &[], Vec::new()).await.status, 405);
    app.clock.turn(TimeDelta::minutes(6));
    let expired = manager.get(&url, &[]).await;
    assert_eq!((expired.status, expired.error().0.as_str()), (410, "NOT_FOUND"));

    let url = manager.url(&file).await;
    assert_eq!(manager.get(&url, &[]).await.status, 200);
    manager.change("removeFile", json!({ "fileId": file }), "{ removedFileId }").await;
    assert_eq!(manager.get(&url, &[]).await.status, 404);
}

#[tokio::test]
async fn another_server_takes_the_same_addresses() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let url = manager.url(&manager.upload(&Sample::text("Both.")).await).await;
    let another = app.another().await;

    let there = another.person(&manager).get(&url, &[]).await;

    // It has a store of its own, so it knows the file and lacks the object.
    assert_eq!(there.status, 503);
    another.stop();
}

#[tokio::test]
async fn a_clinic_has_its_share_of_transfers() {
    let limits = FileLimits { transfers_of_clinic: 1, ..FileLimits::default() };
    let files = FileSettings { limits, ..FileSettings::default() };
    let app = TestApp::with(Settings { files, ..settings() }, 4).await;
    let (oak, elm) = (app.clinic("Oak").await.manager().await, app.clinic("Elm").await.manager().await);
    // More than the buffers on the way hold, so that the first download waits for its reader.
    let url = oak.url(&oak.upload(&Sample::long(24 << 20)).await).await;
    let elsewhere = elm.url(&elm.upload(&Sample::text("x")).await).await;

    let slow = reqwest::get(format!("http://{}{url}", app.address)).await.unwrap();
    let second = oak.get(&url, &[]).await;
    let other = elm.get(&elsewhere, &[]).await;
    drop(slow);

    assert_eq!((second.status, second.error().0.as_str()), (429, "RATE_LIMITED"));
    assert_eq!(other.status, 200);
}
