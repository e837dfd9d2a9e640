//! `graphql-sse` in distinct connections mode: one event stream per operation, for curl and strict proxies.

use std::{convert::Infallible, future, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream, stream::BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

use super::{
    Refusal, Server,
    caller::RequestId,
    contract::{Answer, Event, Execute, Incoming, Status},
    http::{finished, session_headers},
    listen::Phase,
    negotiate::Media,
    socket::Slot,
};

/// A line that clients skip.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// `data:` has to be there, or browsers do not deliver the event.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Adds the position from which a client that lost its stream resumes.
pub(super) fn resume(headers: &HeaderMap, incoming: &mut Incoming) {
    let cursor = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if let Some(cursor) = cursor.filter(|cursor| (1..=255).contains(&cursor.len())) {
        let extensions = incoming.extensions.get_or_insert_default();
        extensions.insert("lastEventId".to_owned(), Value::from(cursor));
    }
}

/// A query, a mutation or a refusal for a client that accepts nothing but an event stream.
pub(super) fn single(answer: Answer, plain_cookies: bool) -> Response {
    // An error of the document goes through the stream, where a browser's `EventSource` can read it too.
    let streamed = matches!(answer.status, Status::Executed | Status::Refused(StatusCode::BAD_REQUEST));
    if !streamed {
        return finished(answer, Media::GraphqlResponse, plain_cookies);
    }
    let mut response = event_stream(Body::from(last(&answer.body)));
    response.headers_mut().extend(session_headers(&answer, plain_cookies));
    response
}

/// A subscription.
pub(super) fn respond<P: Execute>(
    server: &Arc<Server<P>>,
    events: BoxStream<'static, Event>,
    request_id: &RequestId,
    slot: Slot,
) -> Response {
    let feed = Feed {
        server: Arc::clone(server),
        phase: server.phase.clone(),
        request_id: request_id.clone(),
        events: Some(events),
        _slot: slot,
    };
    // A first byte, so that proxies forward the head of the answer before the first event.
    let opening = stream::once(future::ready(COMMENT));
    let body = opening.chain(stream::unfold(feed, Feed::step)).map(Ok::<_, Infallible>);
    event_stream(Body::from_stream(body))
}

fn event_stream(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        // Nginx would collect events before it passes them on.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

struct Feed<P> {
    server: Arc<Server<P>>,
    phase: watch::Receiver<Phase>,
    request_id: RequestId,
    /// `None` once the operation is over.
    events: Option<BoxStream<'static, Event>>,
    _slot: Slot,
}

impl<P: Execute> Feed<P> {
    async fn step(mut self) -> Option<(Bytes, Self)> {
        let events = self.events.as_mut()?;
        let stopping = async {
            let _ = self.phase.wait_for(|phase| *phase > Phase::Open).await;
        };
        let event = tokio::select! {
            event = timeout(self.server.config.stream_keep_alive, events.next()) => event,
            // Without `complete`, so that the client comes back, to the next process.
            () = stopping => return None,
        };
        let (text, over) = match event {
            Err(_) => return Some((COMMENT, self)),
            Ok(Some(Event::Next { body, id })) => (next(&body, id.as_deref()), false),
            Ok(Some(Event::Error(answer))) => (last(&answer.body), true),
            Ok(Some(Event::Close { code: 4401 | 4403, error, reason })) => {
                (last(&self.ended(error, reason).body), true)
            }
            Ok(Some(Event::Close { .. })) => return None,
            Ok(None) => (COMPLETE.to_owned(), true),
        };
        if over {
            self.events = None;
        }
        Some((text.into(), self))
    }

    fn ended(&self, error: &'static str, reason: String) -> Answer {
        Refusal::new(StatusCode::UNAUTHORIZED, error, reason).answer(&*self.server.pipeline, &self.request_id)
    }
}

fn next(body: &[u8], id: Option<&str>) -> String {
    let mut text = String::with_capacity(body.len() + 64);
    text.push_str("event: next\n");
    // A line end would let the cursor write events of its own.
    if let Some(id) = id.filter(|id| !id.contains(['\n', '\r', '\0'])) {
        text.push_str("id: ");
        text.push_str(id);
        text.push('\n');
    }
    // Between JSON tokens a line end means nothing, and within strings it is always escaped.
    for line in String::from_utf8_lossy(body).split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

fn last(body: &[u8]) -> String {
    let mut text = next(body, None);
    text.push_str(COMPLETE);
    text
}
