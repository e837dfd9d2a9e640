//! What idle sockets cost. `cargo test --release --test it -- --ignored idle --nocapture` measures.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{abuse::memory, stock::Pair};
use crate::wire::{client::Front, stub::StubApp, ws::shaken};

const WANTED: usize = 10_000;
const ACK: &str = r#"{"type":"connection_ack"}"#;

/// A message as a client has to send it; its mask is nothing.
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    bytes.extend(text.as_bytes());
    bytes
}

/// As many sockets as the limit of open files allows: each has both its ends in this process.
fn affordable() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let files = limit.maximum.map_or(usize::MAX, |files| usize::try_from(files).unwrap());
    WANTED.min(files.saturating_sub(500) / 2)
}

/// What each of so many idle sockets takes, in KiB, with the client's end.
async fn measured(front: &Front, count: usize) -> f64 {
    let mut sockets = Vec::with_capacity(count);
    let mut begun = 0;
    for at in 0..count {
        let mut socket = shaken(front).await;
        socket.write_all(&frame(r#"{"type":"connection_init"}"#)).await.unwrap();
        let mut answer = [0; 2 + ACK.len()];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer[2..], ACK.as_bytes());
        sockets.push(socket);
        // What the first ones bring along is no cost of each.
        if at == 100 {
            begun = memory();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = (memory() - begun) as f64 / (count - 101) as f64;
    println!("{count} idle sockets: {each:.1} KiB each, with the client's end");
    each
}

#[tokio::test]
#[ignore = "measures, so it wants a process of its own and a release build"]
async fn an_idle_socket_takes_at_most_24_kib() {
    let app = StubApp::with(|config| {
        config.max_connections = 2 * WANTED;
        config.socket.max_per_address = WANTED;
    })
    .await;
    assert!(measured(&app, affordable()).await < 24.0);
}

#[tokio::test]
#[ignore = "measures, so it wants a process of its own and a release build"]
async fn an_idle_socket_of_the_stock_integration_takes_more() {
    let app = StubApp::new().await;
    let pair = Pair::of(app.address).await;
    assert!(measured(&pair.stock, affordable().min(1_000)).await > 24.0);
}
