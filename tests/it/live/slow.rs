//! The subscription of a listener that is too slow ends with a code and the cursor from which to resume.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{TICKETS, cursor};
use crate::harness::{TestApp, reader::Over};

#[tokio::test]
async fn a_listener_that_falls_behind_gets_a_cursor_and_misses_nothing() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket(&"long ".repeat(40)).await;
    let began = app.now().await;
    // Small buffers, so that a few events fill the connection.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(app.address).await.unwrap();
    let mut request = format!("ws://{}/graphql", app.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let config = WebSocketConfig::default().read_buffer_size(1024);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await.unwrap();
    let send = async |socket: &mut tokio_tungstenite::WebSocketStream<_>, message: Value| {
        socket.send(Message::text(message.to_string())).await.unwrap();
    };
    send(&mut socket, json!({ "type": "connection_init", "payload": { "token": manager.token } })).await;
    let payload = json!({ "query": TICKETS, "variables": { "after": began } });
    send(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
    let mut received = Vec::new();
    let more = "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
        select clinic_id, 'clinic', 'ticket', id, 'replied' from support_tickets, generate_series(1, $count)";

    // Nothing is slow until the connection is full.
    app.execute(&more.replace("$count", "1")).await;
    let mut error = None;
    let mut fed = false;
    while error.is_none() {
        let message = tokio::time::timeout(Duration::from_secs(60), socket.next()).await.unwrap().unwrap().unwrap();
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str().unwrap() {
            "next" => received.push(cursor(&message["payload"]["data"]["ticketEvents"])),
            "error" => error = Some(message["payload"][0].clone()),
            _ => {}
        }
        if received.len() == 1 && !fed {
            fed = true;
            // It has begun; now it does not read for a while, in which more events are written than its channel holds.
            app.execute(&more.replace("$count", "9000")).await;
            let all = app.value("select count(*) from outbox_events where topic = 'ticket'").await;
            assert_eq!(all, 9002);
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    }

    let error = error.unwrap();
    let resume = error["extensions"]["cursor"].as_str().unwrap();
    assert_eq!(error["extensions"]["code"], "LAGGED");
    assert_eq!(received.last().map(String::as_str), Some(resume), "behind the last event that was received");
    assert!(received.len() < 9001, "{}", received.len());

    let mut reader = manager.listen(Over::Stream, TICKETS, Some(resume)).await;
    let rest = reader.events(9001 - received.len()).await;
    received.extend(rest.iter().map(cursor));
    let names = crate::harness::names_of_events();
    let numbers: Vec<i64> = received.iter().map(|cursor| names.read(cursor).unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap and no repeat");
}
