//! The client: a WebSocket written by hand, so that it costs as little as possible, and the same for each server.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use clinigraph::kernel::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One delivery: which event, and how long after it was written, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    pub number: u32,
    pub after_us: i64,
}

/// What all sockets have received.
pub type Received = Arc<Mutex<Vec<Vec<Delivery>>>>;

const QUERY: &str = "subscription { ticketEvents { eventId cursor occurredAt kind changed ticket { id number title status priority } } }";

/// Subscribes, and receives until the server hangs up.
pub async fn subscribe(address: SocketAddr, token: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let shake = format!(
        "GET /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    );
    stream.write_all(shake.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let init = serde_json::json!({ "type": "connection_init", "payload": { "token": token } });
    send(&mut stream, &init.to_string()).await?;
    let mut buffer = Vec::new();
    let ack = frame(&mut stream, &mut buffer).await?;
    assert!(ack.contains("connection_ack"), "{ack}");
    let payload = serde_json::json!({ "query": QUERY });
    send(&mut stream, &serde_json::json!({ "type": "subscribe", "id": "1", "payload": payload }).to_string()).await?;
    Ok(stream)
}

/// Receives for ever.
pub async fn receive(mut stream: TcpStream, at: usize, received: Received) {
    let (clock, mut buffer) = (Clock::default(), Vec::with_capacity(2048));
    while let Ok(text) = frame(&mut stream, &mut buffer).await {
        let now = clock.now();
        if text.contains(r#""type":"ping""#) {
            drop(send(&mut stream, r#"{"type":"pong"}"#).await);
            continue;
        }
        let (Some(title), Some(written)) = (field(&text, "title"), field(&text, "occurredAt")) else {
            panic!("{text}");
        };
        let written: DateTime<Utc> = written.parse().expect("a time");
        let after_us = (now - written).num_microseconds().unwrap_or(i64::MAX);
        let delivery = Delivery { number: title.parse().expect("a number"), after_us };
        received.lock().unwrap()[at].push(delivery);
    }
}

/// The text of a string field.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("\"{name}\":\""))? + name.len() + 4;
    text[start..].split('"').next()
}

/// A text frame, masked with nothing.
async fn send(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    let mut bytes = vec![0x81];
    match text.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    stream.write_all(&bytes).await
}

/// The text of the next frame.
async fn frame(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<String> {
    loop {
        if buffer.len() >= 2 {
            let (length, head) = match buffer[1] & 0x7f {
                126 if buffer.len() >= 4 => (usize::from(u16::from_be_bytes([buffer[2], buffer[3]])), 4),
                126 => (usize::MAX, 0),
                short => (usize::from(short), 2),
            };
            if length != usize::MAX && buffer.len() >= head + length {
                let text = String::from_utf8_lossy(&buffer[head..head + length]).into_owned();
                let opcode = buffer[0] & 0x0f;
                buffer.drain(..head + length);
                match opcode {
                    1 => return Ok(text),
                    // A ping of the lower layer: the same back, masked with nothing.
                    9 => {
                        stream.write_all(&[&[0x8a, 0x80 | length as u8, 0, 0, 0, 0], text.as_bytes()].concat()).await?;
                    }
                    _ => return Err(std::io::ErrorKind::ConnectionAborted.into()),
                }
                continue;
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
