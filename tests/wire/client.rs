//! How these tests reach a server: with whole requests, or byte by byte.

use std::{net::SocketAddr, time::Duration};

use reqwest::{RequestBuilder, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub const GRAPHQL: &str = "application/graphql-response+json";
pub const JSON: &str = "application/json";
pub const STREAM: &str = "text/event-stream";

/// No test waits for anything longer: far beyond what a busy machine needs.
pub const LONG: Duration = Duration::from_secs(60);

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A server as it is seen from outside.
pub struct Front {
    pub address: SocketAddr,
    pub client: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Front {
    pub fn new(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).no_gzip().no_brotli().timeout(LONG);
        Self { address, client: client.build().unwrap() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// A POST whose body is still to come.
    pub fn post(&self) -> RequestBuilder {
        self.client.post(self.url("/graphql")).header("content-type", JSON)
    }

    /// A POST of a document.
    pub fn query(&self, query: &str) -> RequestBuilder {
        self.post().body(json!({ "query": query }).to_string())
    }

    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and returns what comes until the server hangs up.
    pub async fn raw(&self, text: impl AsRef<[u8]>) -> String {
        let mut stream = self.tcp().await;
        stream.write_all(text.as_ref()).await.unwrap();
        rest(&mut stream).await
    }
}

pub async fn got(request: RequestBuilder) -> Got {
    let response = request.send().await.unwrap();
    Got {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the first error; empty where there is none.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What comes until the server hangs up.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset ends a connection as well as a goodbye.
    let _ = timeout(LONG, stream.read_to_end(&mut all)).await.expect("the server hangs up");
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer on a connection that stays open.
pub async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.contains("\r\n\r\n") || !text.ends_with('}') {
        let mut buffer = vec![0; 8192];
        let count = timeout(LONG, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(count > 0, "the server hung up: {text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    text
}

/// A whole request as HTTP/1 has it.
pub fn request(query: &str, headers: &str) -> String {
    let body = json!({ "query": query }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Waits until something is so.
pub async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(ms(10)).await;
        }
    };
    timeout(LONG, waiting).await.expect("it becomes so");
}
