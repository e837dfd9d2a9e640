//! Health checks for orchestrators: is the process alive, and may traffic be sent to it.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use tokio::time::timeout;

use super::{Server, contract::Execute, listen::Phase};

const TIMEOUT: Duration = Duration::from_secs(2);

/// Answers as long as the process can answer at all; one that does not should be restarted.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, r#"{"status":"live"}"#)
}

/// Answers 503 while the database cannot be reached or the server is stopping.
pub(super) async fn ready<P: Execute>(State(server): State<Arc<Server<P>>>) -> Response {
    let open = *server.phase.borrow() == Phase::Open;
    if open && timeout(TIMEOUT, server.pipeline.ready()).await == Ok(true) {
        answer(StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"unavailable"}"#)
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
