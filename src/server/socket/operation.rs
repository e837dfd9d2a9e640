//! One operation of a socket: from a `subscribe` message to a stream of results.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use serde_json::Value;

use super::Closing;
use crate::server::{
    Refusal, Server,
    caller::{BAD_IDEMPOTENCY_KEY, RequestId, idempotency_key},
    contract::{self, Caller, Event, Execute, Incoming, Outcome, Status},
    request::{self, Fault},
};

/// The client's id of the operation.
pub(super) type Id = Arc<str>;

/// One result of an operation.
pub(super) struct Step {
    pub(super) id: Id,
    pub(super) result: StepResult,
}

pub(super) enum StepResult {
    /// A response map.
    Next(Bytes),
    /// The response map of a refusal.
    Refused(Bytes),
    /// The whole socket has to be closed.
    Close(Closing),
    /// The operation is over.
    Done,
}

/// Why a `subscribe` message starts no operation.
pub(super) enum SubscribeError {
    /// The message violates the protocol, so the socket closes.
    Protocol(Closing),
    /// The operation is refused, and the socket stays open.
    Refused(Refusal),
}

impl From<Refusal> for SubscribeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for SubscribeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Content(message) => Refusal::invalid(message).into(),
            Fault::Shape(message) => Self::Protocol(Closing::bad_message(format!("Invalid message: {message}"))),
        }
    }
}

/// Reads the payload of `subscribe`, sent by `sender`.
pub(super) fn prepare(
    payload: &str,
    request_id: &RequestId,
    sender: &Caller,
) -> Result<(Incoming, Caller), SubscribeError> {
    let incoming = request::from_json(payload)?;
    let key = incoming.extensions.as_ref().and_then(|extensions| extensions.get("idempotencyKey"));
    let key = match key {
        None | Some(Value::Null) => None,
        Some(key) => {
            let key = key.as_str().and_then(idempotency_key);
            Some(key.ok_or_else(|| Refusal::invalid(BAD_IDEMPOTENCY_KEY))?)
        }
    };
    let caller = Caller { request_id: request_id.0.clone(), idempotency_key: key, ..sender.clone() };
    Ok((incoming, caller))
}

/// The results of an operation. Nothing happens until they are polled.
pub(super) fn steps<P: Execute>(
    server: &Arc<Server<P>>,
    id: &Id,
    incoming: Incoming,
    caller: Caller,
) -> BoxStream<'static, Step> {
    let id = Arc::clone(id);
    let run = contract::run(Arc::clone(&server.pipeline), incoming, caller, server.config.answer_timeout);
    stream::once(run).flat_map(results).map(move |result| Step { id: Arc::clone(&id), result }).boxed()
}

fn results(outcome: Outcome) -> BoxStream<'static, StepResult> {
    let done = stream::once(future::ready(StepResult::Done));
    match outcome {
        Outcome::Answer(answer) => match answer.status {
            Status::Executed => stream::once(future::ready(StepResult::Next(answer.body))).chain(done).boxed(),
            Status::Refused(_) => stream::once(future::ready(StepResult::Refused(answer.body))).boxed(),
        },
        Outcome::Stream(events) => events.map(result).chain(done).boxed(),
    }
}

fn result(event: Event) -> StepResult {
    match event {
        Event::Next { body, .. } => StepResult::Next(body),
        Event::Error(answer) => StepResult::Refused(answer.body),
        Event::Close { code, error, reason } => StepResult::Close(Closing::new(code, format!("{error}: {reason}"))),
    }
}
