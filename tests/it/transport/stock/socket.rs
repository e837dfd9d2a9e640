//! What the stock integration makes of `graphql-transport-ws`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::{FromRequestParts, ws};
use clinigraph::pipeline::Settings;
use futures_util::{StreamExt, sink, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

use super::{Pair, Side, schema::Shared, tiny};
use crate::{
    harness::{TestApp, settings},
    wire::{
        client::{GRAPHQL, LONG, got, ms, until},
        stub::{StubApp, patient},
        ws::Socket,
    },
};

/// What comes next over a socket: the type of a message, the code of a close, `gone` without one, `silence` when
/// nothing comes.
pub async fn fate(side: &Side, socket: &mut Socket) -> String {
    match timeout(side.patience, socket.0.next()).await {
        Ok(Some(Ok(Message::Text(text)))) => {
            let shown: Value = serde_json::from_str(&text).unwrap();
            shown["type"].as_str().unwrap().to_owned()
        }
        Ok(Some(Ok(Message::Close(Some(frame))))) => u16::from(frame.code).to_string(),
        Ok(Some(Ok(other))) => format!("{other:?}"),
        Ok(Some(Err(_)) | None) => "gone".to_owned(),
        Err(_) => "silence".to_owned(),
    }
}

/// Says things over a new socket and tells what comes of it.
async fn saying(side: &Side, greeted: bool, messages: &[&str]) -> String {
    let mut socket = if greeted { Socket::greeted(side).await } else { Socket::open(side).await };
    for message in messages {
        socket.say_text(*message).await;
    }
    fate(side, &mut socket).await
}

fn text(shown: &str) -> String {
    shown.to_owned()
}

const INIT: &str = r#"{"type":"connection_init"}"#;
const PING: &str = r#"{"type":"ping"}"#;
const SILENT: &str = r#"{"type":"subscribe","id":"1","payload":{"query":"subscription { silent }"}}"#;

#[tokio::test]
async fn codes() {
    let app = StubApp::new().await;
    let pair = Pair::of(app.address).await;
    let unknown = json!({ "type": "unheard_of".repeat(20) }).to_string();
    let rows: [(&str, bool, &[&str], &str, &str); 6] = [
        ("an early subscribe", false, &[SILENT], "4401", "1011"),
        ("a message that is none", true, &["nonsense"], "4400", "1002"),
        ("a type that is unknown", true, &[r#"{"type":"start_ack"}"#], "4400", "gone"),
        ("a long type that is unknown", true, &[&unknown], "4400", "gone"),
        ("an id that is taken", true, &[SILENT, SILENT, PING], "4409", "pong"),
        (
            "a message of two megabytes",
            true,
            &[&json!({ "type": "ping", "payload": "x".repeat(2 << 20) }).to_string()],
            "4400",
            "pong",
        ),
    ];
    for (what, greeted, messages, ours, stock) in rows {
        pair.contrast(what, async |side| saying(side, greeted, messages).await, text(ours), text(stock)).await;
    }
    // Version 8 has it right.
    pair.alike("a second greeting", async |side| saying(side, true, &[INIT]).await, text("4429")).await;
}

#[tokio::test]
async fn credentials() {
    let app = TestApp::served(settings(), 4, patient()).await;
    let pair = Pair::of(app.address).await;
    let init = json!({ "type": "connection_init", "payload": { "token": "nothing" } }).to_string();
    pair.contrast("bad ones", async |side| saying(side, false, &[&init]).await, text("4403"), text("1002")).await;
}

#[tokio::test]
async fn clocks() {
    let app = StubApp::with(|config| {
        config.socket.init_timeout = ms(200);
        config.socket.ping_every = ms(200);
    })
    .await;
    let pair = Pair::of(app.address).await;
    pair.contrast("no greeting", async |side| saying(side, false, &[]).await, text("4408"), text("silence")).await;
    let app = StubApp::with(|config| config.socket.ping_every = ms(200)).await;
    let pair = Pair::of(app.address).await;
    pair.contrast("an idle socket", async |side| saying(side, true, &[]).await, text("ping"), text("silence")).await;
}

#[tokio::test]
async fn words_about_operations() {
    let app = StubApp::new().await;
    let pair = Pair::of(app.address).await;
    let wrong = r#"{"type":"subscribe","id":"1","payload":{"query":"subscription { nope }"}}"#;
    pair.contrast("a refusal", async |side| saying(side, true, &[wrong]).await, text("error"), text("next")).await;
    let complete = r#"{"type":"complete","id":"1"}"#;
    let ended = async |side: &Side| saying(side, true, &[SILENT, complete, PING]).await;
    pair.contrast("after a complete of ours", ended, text("pong"), text("complete")).await;
    let many = async |side: &Side| {
        let mut socket = Socket::greeted(side).await;
        for id in 0..=100 {
            socket.subscribe(&id.to_string(), "subscription { silent }").await;
        }
        socket.say_text(PING).await;
        fate(side, &mut socket).await
    };
    pair.contrast("the hundred-and-first operation", many, text("error"), text("pong")).await;
}

/// The status that a handshake is answered with.
async fn shaken(side: &Side, headers: &str) -> String {
    let mut stream = side.tcp().await;
    let shake = format!(
        "GET /graphql HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
        side.address
    );
    stream.write_all(shake.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    timeout(LONG, stream.read_exact(&mut line)).await.unwrap().unwrap();
    String::from_utf8(line[9..].to_vec()).unwrap()
}

#[tokio::test]
async fn handshakes() {
    let app = StubApp::new().await;
    let pair = Pair::of(app.address).await;
    let legacy = "sec-websocket-protocol: graphql-ws\r\n";
    pair.contrast("the protocol before", async |side| shaken(side, legacy).await, text("400"), text("101")).await;
    let foreign = "sec-websocket-protocol: graphql-transport-ws\r\norigin: https://evil.example\r\n";
    pair.contrast("a foreign page", async |side| shaken(side, foreign).await, text("403"), text("101")).await;
}

#[tokio::test]
async fn the_socket_goes_round_what_guards_http() {
    let app = TestApp::served(Settings { development: false, ..settings() }, 4, patient()).await;
    let pair = Pair::with(app.address, Shared { is_guarded: true, ..Shared::default() }).await;
    let query = "{ __schema { queryType { name } } }";
    let refused = async |side: &Side| {
        let by_http = got(side.query(query).header("accept", GRAPHQL)).await.status;
        let mut socket = Socket::greeted(side).await;
        socket.subscribe("1", query).await;
        (by_http, fate(side, &mut socket).await)
    };
    pair.contrast("a stranger by either way", refused, (401, text("error")), (401, text("next"))).await;
}

#[tokio::test]
async fn who_does_not_read_blocks_the_task() {
    let app = StubApp::with(|config| config.write_timeout = ms(200)).await;
    let pair = Pair::of(app.address).await;
    let flooded = async |side: &Side, running: &dyn Fn() -> usize| {
        let mut socket = Socket::greeted(side).await;
        socket.subscribe("1", "subscription { flood(size: 10000) }").await;
        until(|| running() == 1).await;
        timeout(side.patience, until(|| running() == 0)).await.is_ok()
    };
    assert!(flooded(&pair.ours, &|| app.running()).await);
    let running = Arc::clone(&pair.shared.running);
    assert!(!flooded(&pair.stock, &|| running.load(Ordering::SeqCst)).await);
}

/// Ours is flooded in `socket_load.rs`. Over TCP the stock loop would depend on how fast a client is, so here what it
/// reads is always ready: it takes all of it before it says the first word.
#[tokio::test]
async fn a_flood_of_input_starves_output() {
    const FLOOD: usize = 100_000;
    let taken = Arc::new(AtomicUsize::new(0));
    let subscribe = r#"{"type":"subscribe","id":"1","payload":{"query":"subscription { count(to: 1) }"}}"#;
    let flood = stream::repeat(r#"{"type":"pong"}"#).take(FLOOD).map({
        let taken = Arc::clone(&taken);
        move |pong| {
            taken.fetch_add(1, Ordering::SeqCst);
            pong
        }
    });
    // Then nothing more, but no end either.
    let input = stream::iter([subscribe]).chain(flood).chain(stream::pending());
    let greeting = stream::iter([INIT]);
    let input = greeting.chain(input).map(|text| Ok::<_, axum::Error>(ws::Message::text(text)));
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await.unwrap();
    let (say, mut said) = mpsc::unbounded_channel();
    let sink = sink::unfold(say, |say, word: ws::Message| {
        let sent = say.send((word.into_text().unwrap().to_string(), taken.load(Ordering::SeqCst)));
        std::future::ready(sent.map(|()| say))
    });
    let served = GraphQLWebSocket::new_with_pair(sink, input, tiny(&Arc::default()), protocol).serve();
    let mut words = Vec::new();
    let heard = async {
        while words.len() < 2 {
            words.push(said.recv().await.unwrap());
        }
    };
    tokio::select! { biased; () = heard => {} () = served => {} }

    assert!(words[0].0.contains("connection_ack") && words[0].1 == 0, "{words:?}");
    assert!(words[1].0.contains("next") && words[1].1 == FLOOD, "{words:?}");
}
