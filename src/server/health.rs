//! Health checks for orchestrators: is the process alive, and may traffic be sent to it.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{Server, contract::Execute, listen::Phase};

const TIMEOUT: Duration = Duration::from_secs(2);
/// An answer is given for so long: anybody may ask, as often as they like.
const FRESH: Duration = Duration::from_secs(1);

/// Whether the database could be reached, and when that was found out.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// What was found out within the last second. One asks, and the others wait for what it hears.
    async fn get<P: Execute>(&self, pipeline: &P) -> bool {
        let mut known = self.0.lock().await;
        if let Some((since, is_ready)) = *known
            && since.elapsed() < FRESH
        {
            return is_ready;
        }
        let is_ready = timeout(TIMEOUT, pipeline.ready()).await == Ok(true);
        *known = Some((Instant::now(), is_ready));
        is_ready
    }
}

/// Answers as long as the process can answer at all; one that does not should be restarted.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, r#"{"status":"live"}"#)
}

/// Answers 503 while the database cannot be reached or the server is stopping.
pub(super) async fn ready<P: Execute>(State(server): State<Arc<Server<P>>>) -> Response {
    let open = *server.phase.borrow() == Phase::Open;
    if open && server.readiness.get(&*server.pipeline).await {
        answer(StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"unavailable"}"#)
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
