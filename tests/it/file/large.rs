//! A file of nearly 2 GiB through little memory. Takes a minute, so it is run by name:
//! `cargo test --release --test it -- --ignored file::large`.

use clinigraph::kernel::hex::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::TestApp;

const PIECE: usize = 1 << 20;
const PIECES: usize = 2047;

/// Most memory of this process so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn a_large_file_takes_little_memory() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let piece: bytes::Bytes = vec![b'x'; PIECE].into();
    let mut hash = Sha256::new();
    (0..PIECES).for_each(|_| hash.update(&piece));
    let sha256 = hex(&hash.finalize());
    let input = json!({
        "name": "large.txt", "purpose": "TICKET_ATTACHMENT", "mediaType": "text/plain",
        "sizeBytes": PIECE * PIECES, "sha256": sha256,
    });
    let (upload, url) = manager.begin_upload(input).await;
    let before = peak();

    let pieces = futures_util::stream::iter((0..PIECES).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let sent = manager.fetch("PUT", &url, &[], reqwest::Body::wrap_stream(pieces)).await;
    assert_eq!(sent.status, 204);
    let url = manager.url(&manager.complete_upload(&upload).await).await;
    let mut got = reqwest::get(format!("http://{}{url}", app.address)).await.unwrap();
    let mut hash = Sha256::new();
    while let Some(piece) = got.chunk().await.unwrap() {
        hash.update(&piece);
    }

    let more = peak() - before;
    println!("sent and read {PIECES} MiB with {more} KiB more memory, of client and server together");
    assert_eq!(hex(&hash.finalize()), sha256);
    assert!(more < 32 << 10, "{more} KiB");
}
