//! The same question by the other ways than a plain request: the answer's text, byte for byte as it came.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Person, TestApp};

impl TestApp {
    /// Over a socket of its own.
    pub async fn over_socket(&self, person: &Person, question: &Value) -> String {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        for message in [
            json!({ "type": "connection_init", "payload": { "token": person.token } }),
            json!({ "type": "subscribe", "id": "1", "payload": question }),
        ] {
            socket.send(Message::text(message.to_string())).await.unwrap();
        }
        let mut said = Vec::new();
        while said.last() != Some(&r#"{"type":"complete","id":"1"}"#.to_owned()) {
            said.push(socket.next().await.unwrap().unwrap().into_text().unwrap().as_str().to_owned());
        }
        let [ack, next, _] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(ack, r#"{"type":"connection_ack"}"#);
        let payload = next.strip_prefix(r#"{"type":"next","id":"1","payload":"#).expect(next);
        payload.strip_suffix('}').unwrap().to_owned()
    }

    /// As an event stream.
    pub async fn over_stream(&self, person: &Person, question: &Value) -> String {
        let request = reqwest::Client::new().post(format!("http://{}/graphql", self.address)).json(question);
        let request = request.bearer_auth(person.token.as_deref().unwrap()).header("accept", "text/event-stream");
        let text = request.send().await.unwrap().text().await.unwrap();
        let event = text.trim_start_matches(":\n\n").strip_prefix("event: next\ndata: ").expect(&text);
        event.strip_suffix("\n\nevent: complete\ndata:\n\n").expect(&text).to_owned()
    }
}
