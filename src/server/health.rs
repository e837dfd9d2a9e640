//! What an orchestrator asks: is the process alive, and may traffic be sent to it.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use tokio::time::timeout;

use super::{Server, contract::Execute, listen::Phase};

const PATIENCE: Duration = Duration::from_secs(2);

/// Answers as long as the process can answer at all; restart it when it does not.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, r#"{"status":"live"}"#)
}

/// Answers 503 while a dependency is away or the server is stopping.
pub(super) async fn ready<P: Execute>(State(server): State<Arc<Server<P>>>) -> Response {
    let open = *server.phase.borrow() == Phase::Open;
    if open && timeout(PATIENCE, server.pipeline.ready()).await == Ok(true) {
        answer(StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"unavailable"}"#)
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
