//! Connections to other servers. The addresses of a name are looked up once, all of them are checked, and the connection goes
//! to one of those: a name that is given another address afterwards changes nothing.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;

use super::{
    guard::{Guard, Reach, Refusal},
    request::Unsent,
    resolve::Resolve,
    tls::Tls,
};

/// Time for each step of a connection: looking up the name, connecting, and the start of TLS.
const STEP: Duration = Duration::from_secs(5);

/// Makes connections for requests of one reach.
#[derive(Clone)]
pub(super) struct Connector(Arc<Parts>);

struct Parts {
    guard: Guard,
    reach: Reach,
    resolver: Arc<dyn Resolve>,
    tls: Tls,
}

impl Connector {
    pub fn new(guard: Guard, reach: Reach, resolver: Arc<dyn Resolve>, tls: Tls) -> Self {
        Self(Arc::new(Parts { guard, reach, resolver, tls }))
    }

    /// The addresses of a host, if all of them are allowed.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unsent> {
        self.0.addresses(host, port).await
    }
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Unsent;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Unsent>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let parts = Arc::clone(&self.0);
        Box::pin(async move { parts.connect(&uri).await })
    }
}

impl Parts {
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unsent> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => match timeout(STEP, self.resolver.resolve(host, port)).await {
                Ok(Ok(addresses)) => addresses,
                Ok(Err(_)) | Err(_) => return Err(Unsent::NotResolved),
            },
        };
        for address in &addresses {
            self.guard.check_address(address.ip(), self.reach)?;
        }
        if addresses.is_empty() { Err(Unsent::NotResolved) } else { Ok(addresses) }
    }

    async fn connect(&self, uri: &Uri) -> Result<Stream, Unsent> {
        let host = uri.host().ok_or(Refusal::Malformed)?.trim_matches(['[', ']']);
        let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let addresses = self.addresses(host, port).await?;
        let connected = timeout(STEP, self.first_of(&addresses)).await;
        let stream = connected.map_err(|_| Unsent::ConnectFailed("the server could not be reached in time"))??;
        // Small requests and answers, one after the other.
        drop(stream.set_nodelay(true));
        let stream = TokioIo::new(stream);
        if !is_encrypted {
            return Ok(MaybeHttpsStream::Http(stream));
        }
        let encrypted = timeout(STEP, self.tls.connect(host, TokioIo::new(stream))).await;
        let encrypted = encrypted.map_err(|_| Unsent::TlsFailed("the server did not begin TLS in time"))??;
        Ok(MaybeHttpsStream::Https(TokioIo::new(encrypted)))
    }

    /// A connection to the first address that accepts one.
    async fn first_of(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Unsent> {
        let mut failed = Unsent::NotResolved;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    self.check_other(&stream)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    failed = Unsent::ConnectFailed("the server refused the connection");
                }
                Err(_) => failed = Unsent::ConnectFailed("the server could not be reached"),
            }
        }
        Err(failed)
    }

    /// Refuses public addresses of this machine, behind which are services that only it should reach: a connection to one of
    /// them comes from the same address.
    fn check_other(&self, stream: &TcpStream) -> Result<(), Unsent> {
        let own = stream.local_addr().map(|address| address.ip().to_canonical());
        let other = stream.peer_addr().map(|address| address.ip().to_canonical());
        let is_own = matches!((own, other), (Ok(own), Ok(other)) if own == other);
        if is_own && self.reach == Reach::Public && !self.guard.allows_private {
            return Err(Refusal::OwnAddress.into());
        }
        Ok(())
    }
}
