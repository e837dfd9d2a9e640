//! GraphQL over HTTP, as its specification demands.
//!
//! The stock integration answers everything with 200, runs mutations over GET and parses any content type, so
//! negotiation, refusals and status codes are decided here.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts};
use tokio::time::timeout;

use super::{
    Server,
    caller::{self, RequestId},
    contract::{self, Answer, Execute, Outcome, Status, Transport},
    negotiate::{self, Accepted, Media},
    origin, request,
    socket::{self, Owner},
    sse,
};

/// Something that the transport itself found wrong.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", message)
    }

    pub(super) fn not_allowed(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, "OPERATION_NOT_ALLOWED", message)
    }

    pub(super) fn answer<P: Execute>(&self, pipeline: &P, request_id: &RequestId) -> Answer {
        pipeline.refuse(&request_id.0, self.status, self.code, &self.message)
    }

    /// The refusal as an HTTP answer. Its status does not depend on the media type that the client prefers: this was no
    /// GraphQL request.
    pub(super) fn respond<P: Execute>(&self, pipeline: &P, request_id: &RequestId) -> Response {
        let mut response = finished(self.answer(pipeline, request_id), Media::Json, false);
        *response.status_mut() = self.status;
        let (name, value) = match self.status {
            StatusCode::METHOD_NOT_ALLOWED => (header::ALLOW, "GET, POST"),
            StatusCode::UPGRADE_REQUIRED => (header::SEC_WEBSOCKET_VERSION, "13"),
            _ => return response,
        };
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    }
}

/// Everything at `/graphql`.
pub(super) async fn graphql<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_else(RequestId::new);
    let readable = origin::readable(&parts, &server.config);
    let outcome = match parts.method {
        Method::OPTIONS => {
            origin::preflight(&parts, &server.config).map(|headers| (StatusCode::NO_CONTENT, headers).into_response())
        }
        Method::GET if socket::is_asked_for(&parts) => socket::upgrade(&server, &mut parts, &request_id),
        Method::GET | Method::POST => answer(&server, &parts, body, &request_id).await,
        _ => Err(Refusal::not_allowed(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are supported here")),
    };
    let mut response = outcome.unwrap_or_else(|refusal| refusal.respond(&*server.pipeline, &request_id));
    response.headers_mut().extend(readable);
    // The rest of such a body will not be read, so the connection cannot be used again. HTTP/2 has no such header.
    let unread = matches!(response.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    if unread && parts.version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn answer<P: Execute>(
    server: &Arc<Server<P>>,
    parts: &Parts,
    body: Body,
    request_id: &RequestId,
) -> Result<Response, Refusal> {
    let accepted = negotiate::accepted(&parts.headers).ok_or_else(not_acceptable)?;
    let transport = match parts.method {
        Method::GET => Transport::HttpGet,
        _ if accepted.stream => Transport::Sse,
        _ => Transport::HttpPost,
    };
    let caller = caller::identify(parts, request_id, transport, &server.config)?;
    let mut incoming = match parts.method {
        Method::GET => request::from_query_string(parts.uri.query().unwrap_or_default()),
        _ => request::from_json(&read(server, &parts.headers, body).await?),
    }
    .map_err(|fault| Refusal::invalid(fault.into_message()))?;
    if accepted.stream {
        sse::resume(&parts.headers, &mut incoming);
    }
    let plain_cookies = origin::is_plain_loopback(parts, &server.config);
    let limits = &server.config.socket;
    let (owner, limit) = match &caller.token {
        Some(token) => (Owner::Streams(token.as_str().into()), limits.max_per_user),
        None => (Owner::anonymous(caller.address), limits.max_per_address),
    };
    let outcome = contract::run(Arc::clone(&server.pipeline), incoming, caller, server.config.answer_timeout).await;
    match outcome {
        Outcome::Stream(events) if accepted.stream => {
            let slot = server.slots.take(owner, limit).ok_or_else(|| too_many_streams(limit))?;
            Ok(sse::respond(server, events, request_id, slot))
        }
        outcome => respond(outcome, accepted, plain_cookies),
    }
}

fn too_many_streams(limit: usize) -> Refusal {
    let message = format!("at most {limit} event streams may be open at once");
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT_REACHED", message)
}

fn respond(outcome: Outcome, accepted: Accepted, plain_cookies: bool) -> Result<Response, Refusal> {
    match (outcome, accepted.media) {
        (Outcome::Stream(_), _) => Err(Refusal::not_allowed(
            StatusCode::NOT_ACCEPTABLE,
            "a subscription needs a WebSocket or `Accept: text/event-stream`",
        )),
        (Outcome::Answer(answer), Some(media)) => Ok(finished(answer, media, plain_cookies)),
        (Outcome::Answer(answer), None) => Ok(sse::single(answer, plain_cookies)),
    }
}

/// A finished answer as HTTP.
pub(super) fn finished(answer: Answer, media: Media, plain_cookies: bool) -> Response {
    let newer = media == Media::GraphqlResponse;
    let status = match answer.status {
        // Also older clients must learn that they used the wrong method.
        Status::Refused(status) if newer || status == StatusCode::METHOD_NOT_ALLOWED => status,
        _ => StatusCode::OK,
    };
    let mut headers = session_headers(&answer, plain_cookies);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    (status, headers, answer.body).into_response()
}

/// What an answer says in headers.
pub(super) fn session_headers(answer: &Answer, plain_cookies: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut number = |name: &'static str, value: u64| headers.insert(HeaderName::from_static(name), value.into());
    if let Some(rate) = answer.rate_limit {
        number("ratelimit-limit", rate.limit.into());
        number("ratelimit-remaining", rate.remaining.into());
        number("ratelimit-reset", rate.reset_seconds.into());
    }
    if let Some(seconds) = answer.retry_after {
        number("retry-after", seconds);
    }
    for cookie in &answer.cookies {
        let cookie = if plain_cookies { caller::plain_cookie(cookie) } else { cookie.clone() };
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers
}

async fn read<P: Execute>(server: &Server<P>, headers: &HeaderMap, body: Body) -> Result<String, Refusal> {
    if !negotiate::is_json(headers) {
        let message = "the Content-Type must be application/json, in UTF-8";
        return Err(Refusal::not_allowed(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = "request bodies must not be compressed";
        return Err(Refusal::not_allowed(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    match timeout(server.config.body_timeout, collect(headers, body, server.config.max_body)).await {
        Ok(bytes) => String::from_utf8(bytes?).map_err(|_| Refusal::invalid("the body is not UTF-8")),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "the body took too long to arrive")),
    }
}

async fn collect(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut chunks = body.into_data_stream();
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut bytes = Vec::new();
    let mut fits = announced.is_none_or(|length| length <= limit);
    while fits && let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid("the body ended early"))?;
        fits = bytes.len() + chunk.len() <= limit;
        bytes.extend_from_slice(&chunk);
    }
    if fits {
        return Ok(bytes);
    }
    // A client that waits for `100 Continue` has sent nothing yet.
    if !headers.contains_key(header::EXPECT) {
        discard(chunks).await;
    }
    let message = format!("the request body must have at most {limit} bytes");
    Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", message))
}

/// Reads on for a moment, because many clients lose the answer when the connection closes on unread input.
async fn discard(mut chunks: BodyDataStream) {
    let all = async { while let Some(Ok(_)) = chunks.next().await {} };
    let _ = timeout(Duration::from_secs(1), all).await;
}

fn not_acceptable() -> Refusal {
    Refusal::not_allowed(
        StatusCode::NOT_ACCEPTABLE,
        "Accept must allow application/graphql-response+json, application/json or text/event-stream",
    )
}
