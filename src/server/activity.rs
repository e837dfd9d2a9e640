//! What a connection is doing, to distinguish idle and slow connections from busy ones.
//!
//! Hyper's own header timeout also ends idle connections, so both would share one limit; and it does not run before
//! the first bytes have shown the HTTP version.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::Version;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

const NO_LIMIT: Duration = Duration::from_hours(24);

/// Shared by a connection's stream, its service and its driver.
pub(super) struct Activity(Mutex<State>);

struct State {
    /// The number of requests whose answer is not yet sent.
    busy: usize,
    /// When the present state began.
    since: Instant,
    /// Bytes of a next request have come, but not yet its whole head.
    in_head: bool,
    /// Version of the first request; `None` until it has come.
    version: Option<Version>,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State { busy: 0, since: Instant::now(), in_head: false, version: None };
        Arc::new(Self(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that bytes arrived. HTTP/2 sends frames of its own between requests, so there they mean nothing.
    pub(super) fn read(&self) {
        let mut state = self.state();
        let is_http_1 = matches!(state.version, Some(version) if version < Version::HTTP_2);
        if is_http_1 && state.busy == 0 && !state.in_head {
            state.in_head = true;
            state.since = Instant::now();
        }
    }

    /// Records a request, which runs until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> Busy {
        let mut state = self.state();
        state.busy += 1;
        state.in_head = false;
        state.version.get_or_insert(version);
        drop(state);
        Busy(Arc::clone(self))
    }

    /// Restarts the time limit of a connection that was asked to close.
    pub(super) fn renew(&self) {
        self.state().since = Instant::now();
    }

    /// No request is running and none is arriving.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.busy == 0 && !state.in_head && state.version.is_some()
    }

    /// When the connection has been in its present state for too long.
    pub(super) fn deadline(&self, header_timeout: Duration, idle_timeout: Duration) -> Instant {
        let state = self.state();
        let limit = match state.version {
            _ if state.busy > 0 => NO_LIMIT,
            Some(_) if !state.in_head => idle_timeout,
            _ => header_timeout,
        };
        state.since + limit
    }
}

/// A running request.
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy = state.busy.saturating_sub(1);
        state.since = Instant::now();
    }
}

/// A response body whose request counts as running until it is sent.
pub(super) struct TrackedBody {
    pub(super) body: Body,
    pub(super) _busy: Busy,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
