//! The protocol itself: one task per socket, in which everything is a branch of one `select!`.
//!
//! Operations are polled beside the socket, not awaited; only the bounded queue of [`Connection`] is between them. An idle socket therefore costs one task and a read buffer.

use std::{collections::HashMap, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::{
    FutureExt, StreamExt, future,
    future::BoxFuture,
    stream::{AbortHandle, Abortable, BoxStream, SelectAll, abortable},
};
use http::StatusCode;
use serde_json::{Map, Value};
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Closing,
    connection::{Connection, Progress},
    message::{self, ClientMessage},
    operation::{self, Id, Step, StepResult, SubscribeError},
    slots::{Owner, Slot},
};
use crate::server::{
    Refusal, Server,
    caller::{RequestId, bearer},
    contract::{Caller, Execute, Incoming, SocketUser},
    listen::Phase,
};

/// How far `connection_init` has come.
enum Initialisation {
    /// `connection_init` has not arrived.
    Awaited,
    /// The pipeline checks its token.
    Checking(BoxFuture<'static, Result<Option<SocketUser>, Closing>>),
    /// `connection_ack` is sent. The slot is held as long as the socket lives, which ends with the user's session.
    Done { _slot: Slot, revoked: Option<BoxFuture<'static, String>> },
}

pub(super) struct Session<P> {
    server: Arc<Server<P>>,
    caller: Caller,
    initialisation: Initialisation,
    operations: SelectAll<Abortable<BoxStream<'static, Step>>>,
    running: HashMap<Id, AbortHandle>,
    /// Whether the peer has sent anything since the last ping.
    active: bool,
}

impl<P: Execute> Session<P> {
    pub(super) fn new(server: Arc<Server<P>>, caller: Caller) -> Self {
        Self {
            server,
            caller,
            initialisation: Initialisation::Awaited,
            operations: SelectAll::new(),
            running: HashMap::new(),
            active: true,
        }
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self, mut connection: Connection) {
        let mut phase = self.server.phase.clone();
        let closing = self.run(&mut connection, &mut phase).await;
        // Operations end here, not after the closing handshake.
        drop(self);
        let Err(closing) = closing else { return };
        tokio::select! {
            () = connection.close(closing) => {}
            () = reached(&mut phase, Phase::Stopped) => {}
        }
    }

    /// Runs until the peer has closed (`Ok`), or the server has to close.
    async fn run(&mut self, connection: &mut Connection, phase: &mut watch::Receiver<Phase>) -> Result<(), Closing> {
        let mut clock = Box::pin(sleep_until(Instant::now() + self.server.config.socket.init_timeout));
        loop {
            let has_capacity = connection.has_capacity();
            tokio::select! {
                progress = connection.progress() => match progress {
                    Progress::Received(message) => self.receive(message, connection)?,
                    Progress::Drained => {}
                    Progress::Invalid(reason) => return Err(Closing::bad_message(reason)),
                    Progress::Closed => return Ok(()),
                },
                Some(step) = self.operations.next(), if has_capacity => self.forward(step, connection)?,
                user = initialised(&mut self.initialisation) => {
                    self.acknowledge(user?, connection)?;
                    clock.as_mut().reset(self.next_ping());
                }
                () = clock.as_mut() => self.tick(connection, clock.as_mut())?,
                () = reached(phase, Phase::Stopping) => return Err(Closing::new(1001, "The server is stopping")),
            }
        }
    }

    fn receive(&mut self, message: Message, connection: &mut Connection) -> Result<(), Closing> {
        self.active = true;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                return Err(Closing::bad_message("Invalid message: only text messages are supported"));
            }
            // Answered below this layer; after a close frame the connection ends by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return Ok(()),
        };
        match message::read(&text)? {
            ClientMessage::Init(payload) => self.init(&payload),
            ClientMessage::Ping => {
                connection.queue_message(message::PONG);
                Ok(())
            }
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, payload } => self.subscribe(&id, payload, connection),
            ClientMessage::Complete { id } => {
                self.finish(&id);
                Ok(())
            }
        }
    }

    fn init(&mut self, payload: &Map<String, Value>) -> Result<(), Closing> {
        if !matches!(self.initialisation, Initialisation::Awaited) {
            return Err(Closing::new(4429, "Too many initialisation requests"));
        }
        if let Some(token) = token(payload) {
            self.caller.token = Some(token);
        }
        let (server, caller) = (Arc::clone(&self.server), self.caller.clone());
        let checked = async move {
            let answer = AssertUnwindSafe(server.pipeline.authenticate_socket(&caller)).catch_unwind();
            match timeout(server.config.answer_timeout, answer).await {
                Ok(Ok(Ok(user))) => Ok(user),
                Ok(Ok(Err(refusal))) => Err(Closing::new(refusal.close_code, refusal.reason)),
                Ok(Err(_)) | Err(_) => Err(Closing::new(4500, "Internal server error")),
            }
        };
        self.initialisation = Initialisation::Checking(checked.boxed());
        Ok(())
    }

    fn acknowledge(&mut self, user: Option<SocketUser>, connection: &mut Connection) -> Result<(), Closing> {
        let limits = &self.server.config.socket;
        let (owner, limit, revoked) = match user {
            Some(SocketUser { key, revoked }) => (Owner::User(key.into()), limits.max_per_user, Some(revoked)),
            None => (Owner::anonymous(self.caller.address), limits.max_per_address, None),
        };
        let slot = self.server.slots.take(owner, limit);
        let slot = slot.ok_or_else(|| Closing::new(4429, format!("Too many sockets: {limit} are allowed")))?;
        self.initialisation = Initialisation::Done { _slot: slot, revoked };
        connection.queue_message(message::ACK);
        Ok(())
    }

    fn subscribe(&mut self, id: &str, payload: &str, connection: &mut Connection) -> Result<(), Closing> {
        if !matches!(self.initialisation, Initialisation::Done { .. }) {
            return Err(Closing::new(4401, "Unauthorized"));
        }
        if self.running.contains_key(id) {
            return Err(Closing::new(4409, format!("Subscriber for {id} already exists")));
        }
        let request_id = RequestId::new();
        match self.prepare(payload, &request_id) {
            Ok((incoming, caller)) => self.start(id.into(), incoming, caller),
            Err(SubscribeError::Protocol(closing)) => return Err(closing),
            Err(SubscribeError::Refused(refusal)) => {
                connection.queue_message(message::error(id, &refusal.answer(&*self.server.pipeline, &request_id).body));
            }
        }
        Ok(())
    }

    fn prepare(&self, payload: &str, request_id: &RequestId) -> Result<(Incoming, Caller), SubscribeError> {
        let limit = self.server.config.socket.max_operations;
        if self.running.len() >= limit {
            let message = format!("at most {limit} operations may run at once on one socket");
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT_REACHED", message).into());
        }
        operation::prepare(payload, request_id, &self.caller)
    }

    fn start(&mut self, id: Id, incoming: Incoming, caller: Caller) {
        let (steps, handle) = abortable(operation::steps(&self.server, &id, incoming, caller));
        self.operations.push(steps);
        self.running.insert(id, handle);
    }

    fn forward(&mut self, Step { id, result }: Step, connection: &mut Connection) -> Result<(), Closing> {
        match result {
            StepResult::Next(body) => {
                connection.queue_message(message::next(&id, &body));
                return Ok(());
            }
            StepResult::Refused(body) => connection.queue_message(message::error(&id, &body)),
            StepResult::Close(closing) => return Err(closing),
            StepResult::Done => connection.queue_message(message::complete(&id)),
        }
        self.finish(&id);
        Ok(())
    }

    /// Ends an operation; nothing more of it is sent.
    fn finish(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
    }

    fn tick(&mut self, connection: &mut Connection, clock: Pin<&mut Sleep>) -> Result<(), Closing> {
        match self.initialisation {
            Initialisation::Awaited => return Err(Closing::new(4408, "Connection initialisation timeout")),
            Initialisation::Checking(_) => {}
            Initialisation::Done { .. } if !std::mem::take(&mut self.active) => {
                return Err(Closing::new(1001, "No answer to a ping"));
            }
            Initialisation::Done { .. } => {
                if connection.has_capacity() {
                    connection.queue_message(message::PING);
                }
            }
        }
        clock.reset(self.next_ping());
        Ok(())
    }

    fn next_ping(&self) -> Instant {
        Instant::now() + self.server.config.socket.ping_every
    }
}

/// The token in the payload of `connection_init`, under any of the names that clients use for it.
fn token(payload: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let authorization = text("authorization").or_else(|| text("Authorization"));
    authorization.and_then(bearer).or_else(|| text("token")).map(str::to_owned)
}

/// Ready once the token of `connection_init` is checked, and again when the session has ended.
async fn initialised(initialisation: &mut Initialisation) -> Result<Option<SocketUser>, Closing> {
    match initialisation {
        Initialisation::Checking(answer) => answer.await,
        Initialisation::Done { revoked: Some(revoked), .. } => Err(Closing::new(4403, revoked.await)),
        Initialisation::Awaited | Initialisation::Done { revoked: None, .. } => future::pending().await,
    }
}

async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // An error means that the server has stopped.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
}
