//! Sending a request and reading the beginning of its answer.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Uri, Version, header::USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    connect::Connector,
    guard::{Guard, Reach, Refusal},
    request::{Reply, Request, Unsent},
    resolve::{Resolve, SystemResolver},
    tls::Tls,
};

/// Time for which a connection without requests is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Most such connections to a server.
const IDLE_PER_HOST: usize = 4;
/// Most bytes of the head of an answer.
const HEAD: usize = 64 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("clinigraph/", env!("CARGO_PKG_VERSION")));

/// What the operator allows.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Whether addresses that people typed in may be private ones, with any port, and without TLS.
    pub allows_private: bool,
    /// Ports that addresses which people typed in may have.
    pub ports: Vec<u16>,
    /// Authorities that are trusted beside those of the operating system.
    pub authorities: Vec<CertificateDer<'static>>,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self { allows_private: false, ports: vec![443], authorities: Vec::new() }
    }
}

/// Sends requests to other servers; clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Parts>);

struct Parts {
    guard: Guard,
    public: Side,
    configured: Side,
}

/// What requests of one reach are sent with.
struct Side {
    connector: Connector,
    client: Client<Connector, Full<Bytes>>,
}

impl Side {
    fn new(guard: &Guard, reach: Reach, resolver: Arc<dyn Resolve>, tls: Tls) -> Self {
        let connector = Connector::new(guard.clone(), reach, resolver, tls);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(HEAD)
            .build(connector.clone());
        Self { connector, client }
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outbound").field(&self.0.guard).finish()
    }
}

impl Outbound {
    #[must_use]
    pub fn new(options: OutboundOptions) -> Self {
        Self::with_resolver(options, Arc::new(SystemResolver))
    }

    /// With another way to look up names.
    #[must_use]
    pub fn with_resolver(options: OutboundOptions, resolver: Arc<dyn Resolve>) -> Self {
        let OutboundOptions { allows_private, ports, authorities } = options;
        let guard = Guard { allows_private, ports };
        let tls = Tls::new(authorities);
        let public = Side::new(&guard, Reach::Public, Arc::clone(&resolver), tls.clone());
        let configured = Side::new(&guard, Reach::Configured, resolver, tls);
        Self(Arc::new(Parts { guard, public, configured }))
    }

    fn side(&self, reach: Reach) -> &Side {
        match reach {
            Reach::Public => &self.0.public,
            Reach::Configured => &self.0.configured,
        }
    }

    /// Checks an address that is going to be stored, with all addresses of its name. Each request checks again.
    pub async fn check(&self, url: &Url, reach: Reach) -> Result<(), Unsent> {
        self.0.guard.check(url, reach)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or_default();
        self.side(reach).connector.addresses(host, port).await.map(drop)
    }

    /// Sends a request. Any answer is a reply, whatever its status; a reply may be incomplete.
    pub async fn send(&self, request: Request) -> Result<Reply, Unsent> {
        let Request { method, mut url, headers, body, within, keep, reach } = request;
        let until = Instant::now() + within;
        self.0.guard.check(&url, reach)?;
        url.set_fragment(None);
        let uri: Uri = url.as_str().parse().map_err(|_| Refusal::Malformed)?;
        let mut outgoing = http::Request::new(Full::new(body));
        *outgoing.method_mut() = method;
        *outgoing.uri_mut() = uri;
        *outgoing.version_mut() = Version::HTTP_11;
        *outgoing.headers_mut() = headers;
        outgoing.headers_mut().entry(USER_AGENT).or_insert(AGENT);
        let answered = timeout_at(until, self.side(reach).client.request(outgoing)).await;
        let answer = answered.map_err(|_| Unsent::TimedOut)?.map_err(|error| reason(&error))?;
        let (head, body) = answer.into_parts();
        let (body, is_whole) = beginning(body, keep, until).await;
        Ok(Reply { status: head.status, headers: head.headers, body, is_whole })
    }
}

/// What the connector has said, or that the connection broke later.
fn reason(error: &(dyn Error + 'static)) -> Unsent {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(unsent) = error.downcast_ref::<Unsent>() {
            return unsent.clone();
        }
        cause = error.source();
    }
    Unsent::Broken
}

/// The beginning of a body, and whether that is all of it.
async fn beginning(mut body: Incoming, keep: usize, until: Instant) -> (Bytes, bool) {
    let mut kept = BytesMut::new();
    loop {
        match timeout_at(until, body.frame()).await {
            Ok(None) => return (kept.freeze(), true),
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                let room = keep - kept.len();
                kept.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    return (kept.freeze(), false);
                }
            }
            Ok(Some(Err(_))) | Err(_) => return (kept.freeze(), false),
        }
    }
}
