//! The stock integration beside ours: both are asked the same, and each row says what the one does and what the other.
//! A guard that is not needed any more, because the stock behaviour has become right, fails here as well as one that
//! does not guard.
//!
//! What is not held against each other: that `RunQueryDsl` in scope hijacks `Schema::execute` (the compiler reports it), and
//! the memory of idle sockets, which wants a process of its own (`idle.rs` measures both).

mod execution;
mod http;
mod schema;
mod socket;

use std::{
    fmt::Debug,
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ::http::{StatusCode, header};
use async_graphql::{Data, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQL, GraphQLProtocol, GraphQLWebSocket};
use axum::{
    Router,
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tower::Service;

use self::schema::{Shared, Tiny, tiny};
use crate::wire::client::{Front, LONG, ms};

/// A server that is probed.
pub struct Side {
    front: Front,
    /// How long to wait for what it should do by itself. Ours has all the time in the world, the other many times what
    /// ours was configured to take.
    patience: Duration,
}

impl Deref for Side {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

/// Our server, and the stock one.
pub struct Pair {
    ours: Side,
    pub stock: Side,
    shared: Arc<Shared>,
    served: JoinHandle<()>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Pair {
    /// The stock server beside ours.
    pub async fn of(ours: SocketAddr) -> Self {
        Self::with(ours, Shared::default()).await
    }

    async fn with(ours: SocketAddr, shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stock = Side { front: Front::new(listener.local_addr().unwrap()), patience: ms(2000) };
        let state = (tiny(&shared), Arc::clone(&shared));
        let router = Router::new().route("/graphql", any(graphql)).with_state(state);
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { ours: Side { front: Front::new(ours), patience: LONG }, stock, shared, served }
    }

    /// One row: what is probed, how, what ours does and what the other.
    pub async fn contrast<T: PartialEq + Debug>(&self, what: &str, probe: impl AsyncFn(&Side) -> T, ours: T, stock: T) {
        assert_ne!(ours, stock, "{what}: this shows nothing");
        assert_eq!(probe(&self.ours).await, ours, "{what}: ours");
        assert_eq!(probe(&self.stock).await, stock, "{what}: the stock integration");
    }

    /// A row in which the stock behaviour has become right.
    pub async fn alike<T: PartialEq + Debug>(&self, what: &str, probe: impl AsyncFn(&Side) -> T, both: T) {
        assert_eq!(probe(&self.ours).await, both, "{what}: ours");
        assert_eq!(probe(&self.stock).await, both, "{what}: the stock integration");
    }
}

/// As the documentation has it, at one address, since a client knows one.
async fn graphql(State((schema, shared)): State<(Tiny, Arc<Shared>)>, request: Request) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return upgrade(schema, shared, request).await.unwrap_or_else(|refusal| refusal);
    }
    if shared.is_guarded && !request.headers().contains_key(header::AUTHORIZATION) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    GraphQL::new(schema).call(request).map(|answered| answered.unwrap_or_else(|never| match never {})).await
}

async fn upgrade(schema: Tiny, shared: Arc<Shared>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let check = async move |payload: serde_json::Value| match payload["token"].as_str() {
        Some("nothing") => Err("who is this?".into()),
        Some(_) if shared.signed_out.load(Ordering::SeqCst) => Err("not any more".into()),
        _ => Ok(Data::default()),
    };
    Ok(upgrade
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .on_upgrade(move |socket| GraphQLWebSocket::new(socket, schema, protocol).on_connection_init(check).serve()))
}
