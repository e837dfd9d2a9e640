//! How requests reach the pipeline: HTTP, WebSocket, event streams, and the pages beside them.
//!
//! [`contract`] is all that the rest of the program needs: it implements [`Execute`] and calls [`serve`].
//! Inside, `listen` owns connections, `http` decides what a request is, `socket` and `sse` speak their protocols.

mod activity;
mod caller;
mod config;
pub mod contract;
mod health;
mod http;
mod listen;
mod negotiate;
mod origin;
mod pages;
mod request;
mod socket;
mod sse;
mod strict;
mod wire;

use std::{io, sync::Arc};

use ::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use tokio::{net::TcpListener, sync::watch};
use tower_http::compression::{
    CompressionLayer,
    predicate::{NotForContentType, Predicate, SizeAbove},
};

pub use self::{
    caller::LONGEST_IDEMPOTENCY_KEY,
    config::{DEFAULT_ADDRESS, ServerConfig, SocketConfig, TransportLimits},
    contract::Execute,
    pages::{DemoPerson, Graphiql, PageConfig},
};
use self::{caller::RequestId, health::Readiness, http::Refusal, listen::Phase, socket::Slots};

/// What all requests share.
struct Server<P> {
    pipeline: Arc<P>,
    config: ServerConfig,
    slots: Slots,
    phase: watch::Receiver<Phase>,
    readiness: Readiness,
}

/// Serves on `listener` until `shutdown` is ready, then lets what runs finish, within `config.stop_within`.
///
/// # Errors
/// If the listener's address cannot be read.
pub async fn serve<P: Execute>(
    listener: TcpListener,
    pipeline: Arc<P>,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(listener, pipeline, config, Router::new(), shutdown).await
}

/// Like [`serve`], with `more` routes beside `/graphql`, such as webhooks and files. They get the same connection
/// limits and the same headers, but must limit the bodies they read, and must not bring a fallback. Their answers are not
/// compressed: a part of a file must stay that part.
///
/// # Errors
/// If the listener's address cannot be read.
pub async fn serve_with<P: Execute>(
    listener: TcpListener,
    pipeline: Arc<P>,
    config: ServerConfig,
    more: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let (stop, phase) = watch::channel(Phase::Open);
    let slots = Slots::default();
    let server = Arc::new(Server { pipeline, config: config.clone(), slots, phase, readiness: Readiness::default() });
    listen::listen(listener, router(&server, more), &config, stop, shutdown).await;
    Ok(())
}

fn router<P: Execute>(server: &Arc<Server<P>>, more: Router) -> Router {
    let compressible = SizeAbove::new(server.config.compress_above)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new("font/"));
    Router::new()
        .route("/graphql", any(http::graphql::<P>))
        .route("/", get(pages::home::<P>))
        .route("/graphiql", get(pages::index::<P>))
        .route("/graphiql/", get(pages::index::<P>))
        .route("/graphiql/sign-in.js", get(pages::sign_in_script::<P>))
        .route("/graphiql/config.json", get(pages::config::<P>))
        .route("/graphiql/{*path}", get(pages::asset::<P>))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready::<P>))
        .fallback(nothing_here::<P>)
        .with_state(Arc::clone(server))
        .layer(CompressionLayer::new().compress_when(compressible))
        .merge(more)
        .layer(middleware::from_fn_with_state(Arc::clone(server), with_common_headers::<P>))
}

async fn nothing_here<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    let request_id = request.extensions().get::<RequestId>().cloned().unwrap_or_else(RequestId::new);
    let refusal = Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this address; see /graphql");
    refusal.respond(&*server.pipeline, &request_id)
}

/// Gives every request its id, and every answer the headers that stop browsers from guessing types, caching, and coming back
/// without TLS.
async fn with_common_headers<P: Execute>(
    State(server): State<Arc<Server<P>>>,
    request: Request,
    next: Next,
) -> Response {
    const ALWAYS: [(HeaderName, HeaderValue); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    const UNLESS_SET: [(HeaderName, HeaderValue); 2] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    ];
    // A year: as long as browsers remember it for certain.
    const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
    let (mut parts, body) = request.into_parts();
    let request_id = RequestId::of(&parts.headers);
    let value = HeaderValue::try_from(&request_id.0);
    parts.extensions.insert(request_id);
    // For further routes, which may count by it.
    let address = caller::address(&parts, &server.config);
    parts.extensions.insert(address);
    let is_behind_tls = origin::is_behind_tls(&parts, &server.config);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    for (name, value) in UNLESS_SET {
        headers.entry(name).or_insert(value);
    }
    if is_behind_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    if let Ok(value) = value {
        headers.insert("x-request-id", value);
    }
    response
}
