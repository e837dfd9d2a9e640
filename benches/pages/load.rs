//! Load over keep-alive connections, one request after the other on each: as little work as possible, since it runs
//! on the machine that it measures.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a round came to.
pub struct Round {
    pub requests: usize,
    pub seconds: f64,
    /// Microseconds, sorted.
    pub times: Vec<u32>,
}

impl Round {
    pub fn percentile(&self, share: f64) -> u32 {
        let at = (self.times.len() as f64 * share) as usize;
        self.times.get(at.min(self.times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Sends a request again and again.
pub async fn run(address: SocketAddr, request: &[u8], connections: usize, lasts: Duration) -> Round {
    let begun = Instant::now();
    let until = begun + lasts;
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let request = request.to_vec();
            tokio::spawn(async move {
                let mut line = Line::open(address).await;
                let mut times = Vec::with_capacity(1 << 16);
                while Instant::now() < until {
                    let sent = Instant::now();
                    let body = line.ask(&request).await;
                    assert!(body.starts_with(b"{\"data\":{"), "{}", String::from_utf8_lossy(body));
                    times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    Round { requests: times.len(), seconds: begun.elapsed().as_secs_f64(), times }
}

/// One request on a connection of its own; its body.
pub async fn once(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    Line::open(address).await.ask(request).await.to_vec()
}

struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(128 * 1024) }
    }

    async fn ask(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        loop {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "the server hung up");
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())?.ok()
            });
            let whole = end + 4 + length.expect("a length");
            while self.buffer.len() < whole {
                assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "the server hung up");
            }
            return &self.buffer[end + 4..];
        }
    }
}

/// A POST of JSON.
pub fn post(path: &str, token: Option<&str>, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: application/graphql-response+json\r\n\
         content-type: application/json\r\n{token}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
