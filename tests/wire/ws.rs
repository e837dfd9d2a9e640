//! A client of `graphql-transport-ws` that can also be impolite.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::client::{Front, LONG};

pub const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// A connection after a handshake by hand, on which any bytes can be sent.
pub async fn shaken(front: &Front) -> TcpStream {
    let mut stream = front.tcp().await;
    let shake = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(shake.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(LONG, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(String::from_utf8(head).unwrap().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    stream
}

pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    /// The status and the code of the refusal, if it is refused.
    pub async fn dial(front: &Front, headers: &[(&'static str, &str)]) -> Result<Self, (u16, String)> {
        let mut request = format!("ws://{}/graphql", front.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match client_async(request, front.tcp().await).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], PROTOCOL.1);
                Ok(Self(socket))
            }
            Err(Error::Http(response)) => {
                let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap();
                let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
                Err((response.status().as_u16(), code.to_owned()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn open(front: &Front) -> Self {
        Self::dial(front, &[PROTOCOL]).await.unwrap()
    }

    pub async fn greeted(front: &Front) -> Self {
        Self::greeted_with(front, json!({})).await
    }

    pub async fn greeted_with(front: &Front, payload: Value) -> Self {
        let mut socket = Self::open(front).await;
        socket.greet(payload).await;
        socket
    }

    pub async fn greet(&mut self, payload: Value) {
        self.init(payload).await;
        assert_eq!(self.hear().await, json!({ "type": "connection_ack" }));
    }

    pub async fn init(&mut self, payload: Value) {
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    pub async fn complete(&mut self, id: &str) {
        self.say(json!({ "type": "complete", "id": id })).await;
    }

    pub async fn next(&mut self) -> Message {
        timeout(LONG, self.0.next()).await.expect("something comes").expect("it is open").expect("it is sound")
    }

    pub async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The payload of the one `next` that a query or mutation comes to.
    pub async fn result(&mut self, id: &str) -> Value {
        let next = self.hear().await;
        assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!(id)), "{next}");
        assert_eq!(self.hear().await, json!({ "type": "complete", "id": id }));
        next["payload"].clone()
    }

    /// The code of the `error` that an operation comes to.
    pub async fn refusal(&mut self, id: &str) -> String {
        let error = self.hear().await;
        assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!(id)), "{error}");
        error["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }

    /// Nothing was said: the next word is the answer to a question of ours.
    pub async fn assert_silent(&mut self) {
        self.say(json!({ "type": "ping" })).await;
        assert_eq!(self.hear().await, json!({ "type": "pong" }));
    }

    /// The code and the reason of the close.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("it has a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }
}
