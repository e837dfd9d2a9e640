//! Somebody who listens, over a socket or an event stream, from any address.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// No test waits for anything longer: far beyond what a busy machine needs.
const LONG: Duration = Duration::from_secs(60);

/// By which way somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Socket,
    Stream,
}

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The payload, and the id that an event stream gives it.
    Event(Value, Option<String>),
    /// The subscription failed: the first error.
    Failed(Value),
    /// The socket was closed.
    Closed(u16, String),
    /// The subscription is over.
    Complete,
    /// The connection is gone without a word.
    Gone,
}

/// What is listened to.
#[derive(Debug, Clone, Default)]
pub struct Subscription<'a> {
    pub query: &'a str,
    pub variables: Value,
    /// How far an event stream came before.
    pub last_event_id: Option<String>,
}

/// An open ear; it closes when it is dropped.
pub struct Ear {
    heard: mpsc::UnboundedReceiver<Heard>,
    task: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ear {
    /// Begins to listen. An event stream has begun when this returns; a socket does not tell.
    pub async fn open(address: SocketAddr, token: Option<&str>, over: Over, to: Subscription<'_>) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let task = match over {
            Over::Socket => socket(address, token, &to, tell).await,
            Over::Stream => stream(address, token, &to, tell).await,
        };
        Self { heard, task }
    }

    /// What is heard next, whatever it is.
    pub async fn hear(&mut self) -> Heard {
        timeout(LONG, self.heard.recv()).await.expect("something is heard").unwrap_or(Heard::Gone)
    }

    /// What is heard next within a moment.
    pub async fn hear_within(&mut self, moment: Duration) -> Option<Heard> {
        timeout(moment, self.heard.recv()).await.ok().map(|heard| heard.unwrap_or(Heard::Gone))
    }

    /// The only field of the event that is heard next.
    pub async fn event(&mut self) -> Value {
        match self.hear().await {
            Heard::Event(payload, _) => {
                assert_eq!(payload.get("errors"), None, "{payload}");
                payload["data"].as_object().unwrap().values().next().unwrap().clone()
            }
            other => panic!("{other:?}"),
        }
    }

    /// So many of them.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.event().await);
        }
        events
    }

    /// The code of the end, by whichever way it is told, after whatever comes before it.
    pub async fn end(&mut self) -> String {
        loop {
            match self.hear().await {
                Heard::Event(payload, _) if payload.get("data").is_some_and(|data| !data.is_null()) => {}
                Heard::Event(payload, _) => return code(&payload["errors"][0]),
                Heard::Failed(error) => return code(&error),
                Heard::Closed(number, reason) => {
                    assert_eq!(number, 4403, "{reason}");
                    return reason.split(':').next().unwrap_or_default().to_owned();
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

pub fn code(error: &Value) -> String {
    error["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

async fn socket(
    address: SocketAddr,
    token: Option<&str>,
    to: &Subscription<'_>,
    tell: mpsc::UnboundedSender<Heard>,
) -> JoinHandle<()> {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let Ok((mut socket, _)) = connect_async(request).await else { return tokio::spawn(async {}) };
    let init = json!({ "type": "connection_init", "payload": { "token": token } });
    let subscribe =
        json!({ "type": "subscribe", "id": "1", "payload": { "query": to.query, "variables": to.variables } });
    tokio::spawn(async move {
        drop(socket.send(Message::text(init.to_string())).await);
        while let Some(Ok(message)) = socket.next().await {
            let text = match message {
                Message::Text(text) => text,
                Message::Close(frame) => {
                    let told = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    let (number, reason) = told.unwrap_or_default();
                    drop(tell.send(Heard::Closed(number, reason)));
                    return;
                }
                _ => continue,
            };
            let mut message: Value = serde_json::from_str(&text).unwrap();
            let heard = match message["type"].as_str().unwrap() {
                "connection_ack" => {
                    drop(socket.send(Message::text(subscribe.to_string())).await);
                    continue;
                }
                "ping" => {
                    drop(socket.send(Message::text(r#"{"type":"pong"}"#)).await);
                    continue;
                }
                "next" => Heard::Event(message["payload"].take(), None),
                "error" => Heard::Failed(message["payload"][0].take()),
                "complete" => Heard::Complete,
                _ => continue,
            };
            if tell.send(heard).is_err() {
                return;
            }
        }
        drop(tell.send(Heard::Gone));
    })
}

async fn stream(
    address: SocketAddr,
    token: Option<&str>,
    to: &Subscription<'_>,
    tell: mpsc::UnboundedSender<Heard>,
) -> JoinHandle<()> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(format!("http://{address}/graphql")).header("accept", "text/event-stream");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(cursor) = &to.last_event_id {
        request = request.header("last-event-id", cursor);
    }
    let request = request.json(&json!({ "query": to.query, "variables": to.variables }));
    let Ok(mut response) = request.send().await else { return tokio::spawn(async {}) };
    tokio::spawn(async move {
        let mut text = String::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some(end) = text.find("\n\n") {
                let block: String = text.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let heard = match field("event:") {
                    Some("next") => {
                        let payload = serde_json::from_str(field("data:").unwrap()).unwrap();
                        Heard::Event(payload, field("id:").map(str::to_owned))
                    }
                    Some("complete") => Heard::Complete,
                    _ => continue,
                };
                drop(tell.send(heard));
            }
        }
        // A refusal is no stream.
        if let Ok(mut refused) = serde_json::from_str::<Value>(&text) {
            drop(tell.send(Heard::Failed(refused["errors"][0].take())));
        }
        drop(tell.send(Heard::Gone));
    })
}
