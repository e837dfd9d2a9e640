//! A client of subscriptions, over a WebSocket or an event stream, at any address.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Longest wait in a test: far longer than a busy machine needs.
const LONG: Duration = Duration::from_secs(60);

/// Transport of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Socket,
    Stream,
}

/// Something that the client received.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// The payload, and the id that an event stream gives it.
    Event(Value, Option<String>),
    /// The subscription failed: the first error.
    Failed(Value),
    /// The socket was closed.
    Closed(u16, String),
    /// The subscription is over.
    Complete,
    /// The connection ended without a message.
    Disconnected,
}

/// The operation of a subscription.
#[derive(Debug, Clone, Default)]
pub struct Subscription<'a> {
    pub query: &'a str,
    pub variables: Value,
    /// Id of the last event that an event stream delivered before.
    pub last_event_id: Option<String>,
}

/// A running subscription; it is closed when it is dropped.
pub struct EventReader {
    received: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Drop for EventReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl EventReader {
    /// Subscribes. An event stream has begun when this returns; for a WebSocket that is not known.
    pub async fn open(address: SocketAddr, token: Option<&str>, over: Over, to: Subscription<'_>) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let task = match over {
            Over::Socket => socket(address, token, &to, sender).await,
            Over::Stream => stream(address, token, &to, sender).await,
        };
        Self { received, task }
    }

    /// The next thing that is received.
    pub async fn next(&mut self) -> Received {
        timeout(LONG, self.received.recv()).await.expect("something is received").unwrap_or(Received::Disconnected)
    }

    /// The next thing that is received within some time.
    pub async fn next_within(&mut self, moment: Duration) -> Option<Received> {
        timeout(moment, self.received.recv()).await.ok().map(|received| received.unwrap_or(Received::Disconnected))
    }

    /// The only field of the next event.
    pub async fn event(&mut self) -> Value {
        match self.next().await {
            Received::Event(payload, _) => {
                assert_eq!(payload.get("errors"), None, "{payload}");
                payload["data"].as_object().unwrap().values().next().unwrap().clone()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The only field of each of the next events.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.event().await);
        }
        events
    }

    /// The code that the subscription ends with; skips the events before it.
    pub async fn end(&mut self) -> String {
        loop {
            match self.next().await {
                Received::Event(payload, _) if payload.get("data").is_some_and(|data| !data.is_null()) => {}
                Received::Event(payload, _) => return code(&payload["errors"][0]).to_owned(),
                Received::Failed(error) => return code(&error).to_owned(),
                Received::Closed(number, reason) => {
                    assert_eq!(number, 4403, "{reason}");
                    return reason.split(':').next().unwrap_or_default().to_owned();
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The code of an error.
pub fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap_or_default()
}

async fn socket(
    address: SocketAddr,
    token: Option<&str>,
    to: &Subscription<'_>,
    sender: mpsc::UnboundedSender<Received>,
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
                    let frame = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    let (number, reason) = frame.unwrap_or_default();
                    drop(sender.send(Received::Closed(number, reason)));
                    return;
                }
                _ => continue,
            };
            let mut message: Value = serde_json::from_str(&text).unwrap();
            let received = match message["type"].as_str().unwrap() {
                "connection_ack" => {
                    drop(socket.send(Message::text(subscribe.to_string())).await);
                    continue;
                }
                "ping" => {
                    drop(socket.send(Message::text(r#"{"type":"pong"}"#)).await);
                    continue;
                }
                "next" => Received::Event(message["payload"].take(), None),
                "error" => Received::Failed(message["payload"][0].take()),
                "complete" => Received::Complete,
                _ => continue,
            };
            if sender.send(received).is_err() {
                return;
            }
        }
        drop(sender.send(Received::Disconnected));
    })
}

async fn stream(
    address: SocketAddr,
    token: Option<&str>,
    to: &Subscription<'_>,
    sender: mpsc::UnboundedSender<Received>,
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
                let received = match field("event:") {
                    Some("next") => {
                        let payload = serde_json::from_str(field("data:").unwrap()).unwrap();
                        Received::Event(payload, field("id:").map(str::to_owned))
                    }
                    Some("complete") => Received::Complete,
                    _ => continue,
                };
                drop(sender.send(received));
            }
        }
        // A refused request is answered with JSON instead of a stream.
        if let Ok(mut refused) = serde_json::from_str::<Value>(&text) {
            drop(sender.send(Received::Failed(refused["errors"][0].take())));
        }
        drop(sender.send(Received::Disconnected));
    })
}
