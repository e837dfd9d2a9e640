//! Accepts connections and drives them: one task each, with a time limit on everything that a peer can delay.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{Request, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tower::ServiceExt;

use super::{
    ServerConfig,
    activity::{Activity, TrackedBody},
    socket::{Owner, Slot, Slots},
    wire::Wire,
};

/// The phases of serving and stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Serving.
    Open,
    /// Running requests may finish; sockets and event streams end.
    Stopping,
    /// The time to finish is over.
    Stopped,
}

/// The address of the other end of the connection, proxy or not; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// One of the connections that may be open, for as long as it is.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    /// None for a trusted proxy.
    _of_address: Option<Slot>,
}

struct Listening {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    header_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
    phase: watch::Receiver<Phase>,
    /// Open connections by address.
    of_addresses: Slots,
    max_per_address: usize,
    trusted_proxies: Vec<IpAddr>,
}

impl Listening {
    /// The place of a connection; `None` if its address has too many.
    fn place(&self, of_all: OwnedSemaphorePermit, peer: SocketAddr) -> Option<Place> {
        let address = peer.ip().to_canonical();
        let of_address = if self.trusted_proxies.contains(&address) {
            None
        } else {
            Some(self.of_addresses.take(Owner::anonymous(address), self.max_per_address)?)
        };
        Some(Place { _of_all: of_all, _of_address: of_address })
    }
}

/// Serves `router` until `shutdown` is ready, then lets what runs finish.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    config: &ServerConfig,
    phase: watch::Sender<Phase>,
    shutdown: impl Future<Output = ()>,
) {
    let capacity = config.max_connections.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
    let permits = Arc::new(Semaphore::new(capacity));
    let listening = Arc::new(Listening {
        router,
        builder: builder(config),
        header_timeout: config.header_timeout,
        idle_timeout: config.idle_timeout,
        write_timeout: config.write_timeout,
        phase: phase.subscribe(),
        of_addresses: Slots::default(),
        max_per_address: config.max_connections_per_address,
        trusted_proxies: config.trusted_proxies.clone(),
    });

    tokio::select! {
        () = accept(listener, &listening, &permits) => {}
        () = shutdown => {}
    }

    phase.send_replace(Phase::Stopping);
    // Every connection and socket holds a permit, so they have all ended once all permits are free.
    let all = u32::try_from(capacity).unwrap_or(u32::MAX);
    if timeout(config.stop_within, permits.acquire_many(all)).await.is_err() {
        tracing::warn!("closing connections that did not end in time");
    }
    phase.send_replace(Phase::Stopped);
}

/// Runs for ever: the semaphore is never closed.
async fn accept(listener: TcpListener, listening: &Arc<Listening>, permits: &Arc<Semaphore>) {
    while let Ok(permit) = Arc::clone(permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => match listening.place(permit, peer) {
                Some(place) => drop(tokio::spawn(drive(stream, peer, place, Arc::clone(listening)))),
                None => tracing::debug!(%peer, "closing a connection: its address has too many"),
            },
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // Mostly a lack of file descriptors, where retrying at once would only waste processor time.
                tracing::warn!(%error, "cannot accept connections");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn builder(config: &ServerConfig) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Only a backstop: the driver's own deadlines are stricter.
        .header_read_timeout(config.idle_timeout.max(config.header_timeout))
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(64 << 10)
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(1 << 20)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

async fn drive(stream: TcpStream, peer: SocketAddr, place: Place, listening: Arc<Listening>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection broke before its first request");
        return;
    }
    let activity = Activity::new();
    let wire = Wire::new(stream, Arc::clone(&activity), listening.write_timeout, place);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let busy = activity.begin(request.version());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = listening.router.clone().oneshot(request);
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response.map(|body| TrackedBody { body, _busy: busy }))
        }
    });
    let mut connection = pin!(listening.builder.serve_connection_with_upgrades(TokioIo::new(wire), service));
    let mut clock = pin!(sleep_until(Instant::now()));
    let mut phase = listening.phase.clone();
    let mut leaving = false;
    loop {
        let progress = std::future::poll_fn(|cx| {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(Some(ended));
            }
            let deadline = activity.deadline(listening.header_timeout, listening.idle_timeout);
            if clock.deadline() != deadline {
                clock.as_mut().reset(deadline);
            }
            clock.as_mut().poll(cx).map(|()| None)
        });
        tokio::select! {
            ended = progress => match ended {
                Some(ended) => return ended.unwrap_or_else(|error| tracing::debug!(%error, "a connection broke")),
                None if leaving || !activity.is_idle() => return,
                None => activity.renew(),
            },
            // An error means that the server has stopped.
            changed = phase.changed() => if changed.is_err() || *phase.borrow_and_update() == Phase::Stopped { return },
        }
        leaving = true;
        connection.as_mut().graceful_shutdown();
    }
}
