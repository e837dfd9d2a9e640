//! What is changed in the store is noticed, and never served.

use std::path::{Path, PathBuf};

use super::person::Sample;
use crate::harness::{Person, TestApp};

/// A sealed segment.
const SEGMENT: usize = (64 << 10) + 16;

/// The objects of an app, and what was left of them.
pub fn objects(app: &TestApp) -> Vec<PathBuf> {
    fn below(folder: &Path) -> Vec<PathBuf> {
        let inside = |path: PathBuf| if path.is_dir() { below(&path) } else { vec![path] };
        std::fs::read_dir(folder).unwrap().flat_map(|entry| inside(entry.unwrap().path())).collect()
    }
    below(app.directory.path())
}

/// Changes the only object of an app.
fn change(app: &TestApp, change: impl FnOnce(&mut Vec<u8>)) {
    let [object] = objects(app).try_into().unwrap();
    let mut bytes = std::fs::read(&object).unwrap();
    change(&mut bytes);
    std::fs::write(object, bytes).unwrap();
}

async fn uploaded(app: &TestApp, sample: &Sample) -> (Person, String) {
    let manager = app.clinic("Oak").await.manager().await;
    let file = manager.upload(sample).await;
    let url = manager.url(&file).await;
    (manager, url)
}

#[tokio::test]
async fn a_bit_that_is_changed_gives_an_error_and_no_wrong_byte() {
    let app = TestApp::new().await;
    // More than is read at once, so that the last segment comes after the head of the answer.
    let sample = Sample::long(20 * (64 << 10));
    let (manager, url) = uploaded(&app, &sample).await;

    change(&app, |bytes| bytes[10] ^= 1);
    let first = manager.get(&url, &[]).await;
    let part = manager.get(&url, &[("range", "bytes=5-9")]).await;
    let other = manager.get(&url, &[("range", "bytes=-9")]).await;
    change(&app, |bytes| {
        bytes[10] ^= 1;
        let last = bytes.len() - 1;
        bytes[last] ^= 0x80;
    });
    let last = manager.get(&url, &[]).await;
    let begun = manager.get(&url, &[("range", "bytes=0-99")]).await;

    assert_eq!((first.status, first.error().0.as_str()), (500, "INTERNAL"));
    assert_eq!((part.status, part.error().1.as_str()), (500, "internal error"));
    assert_eq!(other.body.as_deref(), Ok(&sample.content[sample.content.len() - 9..]), "another segment is whole");
    assert!(last.body.is_err(), "the connection breaks");
    assert_eq!(begun.body.as_deref(), Ok(&sample.content[..100]));
}

#[tokio::test]
async fn what_is_cut_off_swapped_or_added_gives_an_error() {
    let app = TestApp::new().await;
    let sample = Sample::long(3 * (64 << 10) + 100);
    let (manager, url) = uploaded(&app, &sample).await;
    let [object] = objects(&app).try_into().unwrap();
    let whole = std::fs::read(&object).unwrap();

    for (what, changed) in [
        ("cut off in a segment", whole[..whole.len() - 1].to_vec()),
        ("cut off behind a segment", whole[..3 * SEGMENT].to_vec()),
        ("swapped", [&whole[SEGMENT..2 * SEGMENT], &whole[..SEGMENT], &whole[2 * SEGMENT..]].concat()),
        ("added", [&whole[..], b"x"].concat()),
        ("empty", Vec::new()),
    ] {
        std::fs::write(&object, changed).unwrap();
        let got = manager.get(&url, &[]).await;
        assert_eq!((got.status, got.error().0.as_str()), (500, "INTERNAL"), "{what}");
    }
    std::fs::remove_file(&object).unwrap();
    assert_eq!(manager.get(&url, &[]).await.status, 500);
    std::fs::write(&object, whole).unwrap();
    assert_eq!(manager.get(&url, &[]).await.body, Ok(sample.content));
}

#[tokio::test]
async fn the_object_of_another_file_does_not_open() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let one = manager.upload(&Sample::text("one")).await;
    let url = manager.url(&one).await;
    let [object] = objects(&app).try_into().unwrap();
    let first = std::fs::read(&object).unwrap();
    manager.upload(&Sample::text("two")).await;
    let second = objects(&app).into_iter().find(|path| *path != object).unwrap();

    std::fs::write(&object, std::fs::read(&second).unwrap()).unwrap();
    let swapped = manager.get(&url, &[]).await;
    std::fs::write(&object, first).unwrap();

    assert_eq!(swapped.status, 500);
    assert_eq!(manager.get(&url, &[]).await.body.as_deref(), Ok(&b"one"[..]));
}

#[tokio::test]
async fn an_upload_that_is_interrupted_leaves_nothing() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample::long(3 << 20);
    let (upload, url) = manager.begin_upload(sample.input()).await;
    let (half, more) = (sample.content[..2 << 20].to_vec(), sample.content[2 << 20..].to_vec());
    let broken = futures_util::stream::iter([Ok(half), Err(std::io::Error::other("the line is cut")), Ok(more)]);

    let sent = reqwest::Client::new()
        .put(format!("http://{}{url}", app.address))
        .body(reqwest::Body::wrap_stream(broken))
        .send()
        .await;

    assert!(sent.is_err() || sent.unwrap().status() == 422);
    let refused = manager.refused("completeUpload", serde_json::json!({ "uploadId": upload })).await;
    assert_eq!(crate::harness::code(&refused), "INVALID_TRANSITION");
    // The server notices that the connection is gone in its own time.
    for _ in 0..100 {
        if objects(&app).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(objects(&app), Vec::<PathBuf>::new());
    assert_eq!(manager.put(&url, sample.content.clone()).await.status, 204);
}
