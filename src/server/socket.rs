//! `graphql-transport-ws`: the upgrade, and what may refuse it.
//!
//! `handshake` accepts the upgrade, `connection` sends and receives, `message` reads and writes the protocol's messages,
//! `operation` runs what they ask for, `slots` counts what is open, and `session` is the protocol.

mod connection;
mod handshake;
mod message;
mod operation;
mod session;
mod slots;

use std::{borrow::Cow, sync::Arc};

use axum::response::{IntoResponse, Response};
use http::{StatusCode, request::Parts};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

use self::{connection::Connection, session::Session};
pub(super) use self::{
    handshake::is_asked_for,
    slots::{Owner, Slot, Slots},
};
use super::{
    Refusal, Server,
    caller::{self, RequestId},
    contract::{Execute, Transport},
};

/// Why the server closes a socket.
#[derive(Debug, PartialEq, Eq)]
struct Closing {
    code: u16,
    reason: Cow<'static, str>,
}

impl Closing {
    fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    fn bad_message(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(4400, reason)
    }
}

/// Answers the handshake and starts a task that serves the socket.
pub(super) fn upgrade<P: Execute>(
    server: &Arc<Server<P>>,
    parts: &mut Parts,
    request_id: &RequestId,
) -> Result<Response, Refusal> {
    let caller = caller::identify(parts, request_id, Transport::Socket, &server.config)?;
    let (connection, headers) = handshake::accept(parts)?;
    let session = Session::new(Arc::clone(server), caller);
    let limits = server.config.socket.clone();
    tokio::spawn(async move {
        let Ok(connection) = connection.await else { return };
        // The default read buffer would hold 128 KiB for every idle socket.
        let config = WebSocketConfig::default().read_buffer_size(1 << 10).write_buffer_size(0);
        let config = config.max_message_size(Some(limits.max_message)).max_frame_size(Some(limits.max_message));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, Some(config)).await;
        session.serve(Connection::new(socket, limits.max_queued, limits.max_queued_bytes)).await;
    });
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}
