//! Every limit of the transports, with its default.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::pages::{Graphiql, PageConfig};

/// Default address: this machine only.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);

/// How the transports behave. `Default` is fit for production behind a proxy on the same host.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Foreign origins whose pages may call, such as `https://app.example.org`; the server's own is always allowed.
    /// Behind a proxy that rewrites `Host`, name the public origin here. Default: none.
    pub origins: Vec<String>,
    /// Trusted proxies, whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are used. Default: none.
    pub trusted_proxies: Vec<IpAddr>,
    /// Connections open at once, sockets included; further ones wait in the listen queue. Default: 10,000.
    pub max_connections: usize,
    /// Time for the head of a request to arrive. Default: 8 s.
    pub header_timeout: Duration,
    /// Time for the body of a request to arrive. Default: 20 s, enough for the largest one over a slow line.
    pub body_timeout: Duration,
    /// How long a connection may be idle. Default: 75 s, above the usual 60 s of proxies, so that they close first.
    pub idle_timeout: Duration,
    /// How long a client may leave sent data unread. Default: 10 s.
    pub write_timeout: Duration,
    /// Upper limit of an answer, beyond the pipeline's own deadline. Default: 30 s.
    pub answer_timeout: Duration,
    /// How long running requests may take to finish once the server stops. Default: 30 s.
    pub stop_within: Duration,
    /// Bytes of a request body. Default: 1 MiB.
    pub max_body: usize,
    /// Bytes from which an answer is compressed. Default: 1 KiB.
    pub compress_above: u64,
    /// Pause after which an event stream sends a comment, so that proxies do not close it. Default: 12 s.
    pub stream_keep_alive: Duration,
    /// Limits of WebSockets.
    pub socket: SocketConfig,
    /// Who gets the GraphiQL page. Default: who has signed in.
    pub graphiql: Graphiql,
    /// Configuration of the GraphiQL page.
    pub page: PageConfig,
    /// Whether a cookie may do without TLS where browser and server are on one machine. Default: no.
    pub development: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_connections: 10_000,
            header_timeout: Duration::from_secs(8),
            body_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            stop_within: Duration::from_secs(30),
            max_body: 1 << 20,
            compress_above: 1 << 10,
            stream_keep_alive: Duration::from_secs(12),
            socket: SocketConfig::default(),
            graphiql: Graphiql::default(),
            page: PageConfig::default(),
            development: false,
        }
    }
}

/// The limits of the transports that a client can reach.
#[derive(Debug, Clone, Copy)]
pub struct TransportLimits {
    pub body_bytes: usize,
    pub socket_message_bytes: usize,
    pub socket_operations: usize,
    pub sockets_per_user: usize,
    pub sockets_per_address: usize,
}

impl Default for TransportLimits {
    fn default() -> Self {
        ServerConfig::default().limits()
    }
}

impl ServerConfig {
    /// The limits that a client can reach.
    #[must_use]
    pub fn limits(&self) -> TransportLimits {
        TransportLimits {
            body_bytes: self.max_body,
            socket_message_bytes: self.socket.max_message,
            socket_operations: self.socket.max_operations,
            sockets_per_user: self.socket.max_per_user,
            sockets_per_address: self.socket.max_per_address,
        }
    }
}

/// Limits of one WebSocket, and of how many there may be.
#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// Time for `connection_init` to arrive (4408). Default: 3 s.
    pub init_timeout: Duration,
    /// Time between pings; a client that sends nothing between two is disconnected. Default: 30 s.
    pub ping_every: Duration,
    /// Bytes of a message (4400). Default: 1 MiB and 4 KiB for the envelope.
    pub max_message: usize,
    /// Operations running at once on a socket. Default: 100.
    pub max_operations: usize,
    /// Sockets of one user (4429), and event streams of one session (429). Default: 50.
    pub max_per_user: usize,
    /// Sockets and event streams of the anonymous callers of one address (4429, 429). Default: 200, for a clinic behind
    /// one address.
    pub max_per_address: usize,
    /// Messages that may wait for a slow reader; at the limit nothing more is executed or read. Default: 64.
    pub max_queued: usize,
    /// The same in bytes, exceeded by at most one message. Default: 256 KiB.
    pub max_queued_bytes: usize,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(3),
            ping_every: Duration::from_secs(30),
            max_message: (1 << 20) + (4 << 10),
            max_operations: 100,
            max_per_user: 50,
            max_per_address: 200,
            max_queued: 64,
            max_queued_bytes: 256 << 10,
        }
    }
}
