//! A server of somebody else on loopback, which answers as a test says and remembers what it was sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What a receiver does with a request.
#[derive(Debug, Clone)]
pub enum Does {
    Answer {
        status: u16,
        headers: String,
        body: String,
    },
    /// Answers 200, but late.
    AnswerLate(Duration),
    /// Says nothing.
    Stall,
    /// Closes the connection in the middle of the head.
    BreakOff,
    /// Closes the connection in the middle of the body.
    BreakOffInBody,
    /// Sends a body that never ends.
    EndlessBody,
    /// Begins a body and sends no more of it.
    StallInBody,
}

pub fn answers(status: u16) -> Does {
    Does::Answer { status, headers: String::new(), body: String::new() }
}

type Decides = Arc<dyn Fn(usize, &Received) -> Does + Send + Sync>;

pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    count: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// One that does the same with each request.
    pub async fn new(does: Does) -> Self {
        Self::deciding(move |_, _| does.clone()).await
    }

    /// One that decides by the number of the request, from 0 on, and by what is in it.
    pub async fn deciding(decides: impl Fn(usize, &Received) -> Does + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(decides), None).await
    }

    /// One that speaks TLS with a certificate.
    pub async fn encrypted(certificate: rcgen::Certificate, key: &rcgen::KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self::start(Arc::new(|_, _| answers(200)), Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start(decides: Decides, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (counting, count) = watch::channel(0);
        let list = Arc::clone(&received);
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (decides, list, counting, tls) =
                    (Arc::clone(&decides), Arc::clone(&list), counting.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, decides, list, counting).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, decides, list, counting).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, received, count, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests have come, and returns them all.
    pub async fn wait_for(&self, number: usize) -> Vec<Received> {
        let mut count = self.count.clone();
        let came = timeout(Duration::from_secs(10), count.wait_for(|count| *count >= number)).await;
        assert!(came.is_ok(), "{} requests came, not {number}", self.received().len());
        self.received()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    decides: Decides,
    list: Arc<Mutex<Vec<Received>>>,
    counting: watch::Sender<usize>,
) {
    while let Some(received) = read(&mut stream).await {
        let number = {
            let mut list = list.lock().unwrap();
            list.push(received.clone());
            list.len()
        };
        let does = decides(number - 1, &received);
        counting.send_replace(number);
        if answer(&mut stream, does).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + length {
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    }
    let body = String::from_utf8(bytes[end..].to_vec()).unwrap();
    Some(Received { line, headers, body })
}

/// None if the connection is over.
async fn answer(stream: &mut (impl AsyncWrite + Unpin), does: Does) -> Option<()> {
    let ok = "HTTP/1.1 200 OK\r\n";
    match does {
        Does::Answer { status, headers, body } => {
            let length = body.len();
            let text = format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
            stream.write_all(text.as_bytes()).await.ok()
        }
        Does::AnswerLate(pause) => {
            sleep(pause).await;
            stream.write_all(format!("{ok}content-length: 0\r\n\r\n").as_bytes()).await.ok()
        }
        Does::Stall => {
            std::future::pending::<()>().await;
            None
        }
        Does::BreakOff => {
            stream.write_all(b"HTTP/1.1 200 O").await.ok()?;
            None
        }
        Does::BreakOffInBody => {
            stream.write_all(format!("{ok}content-length: 100\r\n\r\nonly this").as_bytes()).await.ok()?;
            None
        }
        Does::EndlessBody => {
            stream.write_all(format!("{ok}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.ok()?;
            loop {
                stream.write_all(format!("400\r\n{}\r\n", "x".repeat(1024)).as_bytes()).await.ok()?;
            }
        }
        Does::StallInBody => {
            stream.write_all(format!("{ok}content-length: 100\r\n\r\nonly this").as_bytes()).await.ok()?;
            std::future::pending::<()>().await;
            None
        }
    }
}
