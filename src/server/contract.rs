//! The contract between the transports and the pipeline that executes operations.
//!
//! HTTP, sockets and event streams all call [`Execute::run`]; the transports do not know the schema, and the pipeline
//! does not know sockets.

use std::{fmt, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future, future::BoxFuture, stream::BoxStream};
use http::StatusCode;

/// The cookie that carries a dashboard's session. Its prefix makes browsers insist on `Secure`, `Path=/` and no
/// `Domain`. In development, on plain loopback, the transport itself strips prefix and `Secure` from what it sets, and reads it back.
pub const SESSION_COOKIE: &str = "__Host-clinigraph";

/// One GraphQL request, independent of its transport, which has already refused wrong types, duplicate keys, lone
/// surrogates and NUL characters.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The document; absent only where `extensions` name a stored one.
    pub query: Option<String>,
    /// Which operation of the document to run.
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    pub variables: Option<serde_json::Map<String, serde_json::Value>>,
    /// The protocol's extensions. Event streams add `lastEventId` here when the client resumes.
    pub extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The transport of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// POST, answered with JSON.
    HttpPost,
    /// GET, answered with JSON or an event stream. Mutations must be refused with 405, whatever the answer looks like.
    HttpGet,
    /// `graphql-transport-ws`.
    Socket,
    /// POST, for a client that accepts an event stream.
    Sse,
}

/// Who sends a request, and how.
#[derive(Clone)]
pub struct Caller {
    /// Session or API token, not yet checked.
    pub token: Option<String>,
    /// The client's address; behind a trusted proxy, the one that the proxy names.
    pub address: IpAddr,
    /// `User-Agent`, at most 255 characters of it.
    pub agent: Option<String>,
    /// Given by the client or made here; unique per operation on a socket.
    pub request_id: String,
    /// Printable ASCII, 1 to 255 characters.
    pub idempotency_key: Option<String>,
    /// The transport of the request.
    pub transport: Transport,
}

impl fmt::Debug for Caller {
    /// Leaves the token out, which must not reach logs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Caller")
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("address", &self.address)
            .field("agent", &self.agent)
            .field("request_id", &self.request_id)
            .field("idempotency_key", &self.idempotency_key)
            .field("transport", &self.transport)
            .finish()
    }
}

/// A finished answer: the complete JSON response map, and what HTTP needs to know of it.
#[derive(Debug)]
pub struct Answer {
    /// The response map as it goes over the wire.
    pub body: Bytes,
    /// Whether anything was executed.
    pub status: Status,
    /// Whole `Set-Cookie` values. Sockets cannot deliver them.
    pub cookies: Vec<String>,
    /// Sent as `RateLimit-*` headers.
    pub rate_limit: Option<RateLimit>,
    /// Seconds, sent as `Retry-After`.
    pub retry_after: Option<u64>,
}

/// Whether an answer has a `data` entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There is a `data` entry: 200.
    Executed,
    /// No `data`; this is the status where the client accepts `application/graphql-response+json`.
    Refused(StatusCode),
}

/// What a caller may still spend.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// The cost that the window allows.
    pub limit: u32,
    /// The cost that is left of it.
    pub remaining: u32,
    /// Seconds until it is full again.
    pub reset_seconds: u32,
}

/// The outcome of a request.
pub enum Outcome {
    /// A query, a mutation, or a refusal.
    Answer(Answer),
    /// A subscription. Transports that cannot stream refuse it themselves.
    Stream(BoxStream<'static, Event>),
}

/// One step of a subscription. After `Error` or `Close` nothing follows; a stream that just ends is complete.
#[derive(Debug)]
pub enum Event {
    /// A result, and the cursor from which a client may resume (`id:` in an event stream).
    Next { body: Bytes, id: Option<String> },
    /// The subscription failed as a whole.
    Error(Answer),
    /// The caller may no longer listen: a socket closes with this code, an event stream ends with this error.
    Close { code: u16, error: &'static str, reason: String },
}

/// A signed-in user of a socket.
pub struct SocketUser {
    /// Identifies the user, whose sockets are counted together.
    pub key: String,
    /// Ready with a reason once the session has ended, whether or not an operation runs (close code 4403).
    pub revoked: BoxFuture<'static, String>,
}

/// Why a socket is not opened.
pub struct SocketRefusal {
    pub close_code: u16,
    pub reason: String,
}

/// Executes GraphQL for all transports.
pub trait Execute: Send + Sync + 'static {
    /// Runs one operation.
    ///
    /// The future is dropped when the client disconnects, so work that must finish has to be spawned.
    fn run(&self, incoming: Incoming, caller: Caller) -> impl Future<Output = Outcome> + Send;

    /// Checks the token of a socket's `connection_init`: `None` for an anonymous caller.
    fn authenticate_socket(
        &self,
        caller: &Caller,
    ) -> impl Future<Output = Result<Option<SocketUser>, SocketRefusal>> + Send;

    /// The coded answer to a request that the transport itself refuses.
    fn refuse(&self, request_id: &str, status: StatusCode, code: &'static str, message: &str) -> Answer;

    /// Whether traffic may be sent here: database reachable, migrations done.
    fn ready(&self) -> impl Future<Output = bool> + Send;
}

/// Runs one operation so that neither a panic nor a stuck future reaches the connection, which operations share.
pub(super) async fn run<P: Execute>(pipeline: Arc<P>, incoming: Incoming, caller: Caller, within: Duration) -> Outcome {
    let request_id = caller.request_id.clone();
    let running = AssertUnwindSafe(pipeline.run(incoming, caller)).catch_unwind();
    match tokio::time::timeout(within, running).await {
        Ok(Ok(Outcome::Stream(events))) => Outcome::Stream(catch_panics(pipeline, request_id, events)),
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Outcome::Answer(panicked(&*pipeline, &request_id)),
        Err(_) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Outcome::Answer(pipeline.refuse(&request_id, status, "TIMEOUT", "the request took too long"))
        }
    }
}

fn catch_panics<P: Execute>(
    pipeline: Arc<P>,
    request_id: String,
    events: BoxStream<'static, Event>,
) -> BoxStream<'static, Event> {
    let step = move |event: std::thread::Result<Event>| {
        event.unwrap_or_else(|_| Event::Error(panicked(&*pipeline, &request_id)))
    };
    AssertUnwindSafe(events).catch_unwind().map(step).scan(false, until_last).boxed()
}

/// Ends every stream after its last event.
fn until_last(ended: &mut bool, event: Event) -> future::Ready<Option<Event>> {
    let after = std::mem::replace(ended, !matches!(event, Event::Next { .. }));
    future::ready((!after).then_some(event))
}

fn panicked<P: Execute>(pipeline: &P, request_id: &str) -> Answer {
    tracing::error!(request.id = request_id, "an operation panicked");
    pipeline.refuse(request_id, StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "internal error")
}
