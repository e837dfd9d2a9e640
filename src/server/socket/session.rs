//! The protocol itself: one task per socket, in which everything is a branch of one `select!`.
//!
//! Operations are polled beside the socket, not awaited, and nothing but the bounded queue of [`Line`] stands
//! between them. An idle socket therefore costs one task and a read buffer.

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
    line::{Line, Turn},
    message::{self, Said},
    operation::{self, Id, Objection, Step, StepResult},
    seats::{Holder, Seat},
};
use crate::server::{
    Refusal, Server,
    caller::{RequestId, bearer},
    contract::{Caller, Execute, Incoming, SocketUser},
    listen::Phase,
};

/// How far the two have come with greeting each other.
enum Greeting {
    /// `connection_init` has not come.
    Awaited,
    /// The pipeline looks at its token.
    Asked(BoxFuture<'static, Result<Option<SocketUser>, Closing>>),
    /// `connection_ack` is sent. The seat is held for as long as the socket lives, and that is no longer than somebody
    /// who is known is welcome.
    Done { _seat: Seat, revoked: Option<BoxFuture<'static, String>> },
}

pub(super) struct Session<P> {
    server: Arc<Server<P>>,
    caller: Caller,
    greeting: Greeting,
    operations: SelectAll<Abortable<BoxStream<'static, Step>>>,
    running: HashMap<Id, AbortHandle>,
    /// Whether the peer said anything since the last ping.
    heard: bool,
}

impl<P: Execute> Session<P> {
    pub(super) fn new(server: Arc<Server<P>>, caller: Caller) -> Self {
        Self {
            server,
            caller,
            greeting: Greeting::Awaited,
            operations: SelectAll::new(),
            running: HashMap::new(),
            heard: true,
        }
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self, mut line: Line) {
        let mut phase = self.server.phase.clone();
        let closing = self.converse(&mut line, &mut phase).await;
        // Operations end with the conversation, not with the goodbyes.
        drop(self);
        let Err(closing) = closing else { return };
        tokio::select! {
            () = line.close(closing) => {}
            () = reached(&mut phase, Phase::Gone) => {}
        }
    }

    /// Until the peer is gone (`Ok`), or is to be told to go.
    async fn converse(&mut self, line: &mut Line, phase: &mut watch::Receiver<Phase>) -> Result<(), Closing> {
        let mut clock = Box::pin(sleep_until(Instant::now() + self.server.config.socket.init_timeout));
        loop {
            let room = line.has_room();
            tokio::select! {
                turn = line.turn() => match turn {
                    Turn::Heard(message) => self.hear(message, line)?,
                    Turn::Room => {}
                    Turn::Garbled(complaint) => return Err(Closing::bad_message(complaint)),
                    Turn::Gone => return Ok(()),
                },
                Some(step) = self.operations.next(), if room => self.tell(step, line)?,
                guest = greeted(&mut self.greeting) => {
                    self.welcome(guest?, line)?;
                    clock.as_mut().reset(self.next_ping());
                }
                () = clock.as_mut() => self.tick(line, clock.as_mut())?,
                () = reached(phase, Phase::Stopping) => return Err(Closing::new(1001, "The server is stopping")),
            }
        }
    }

    fn hear(&mut self, message: Message, line: &mut Line) -> Result<(), Closing> {
        self.heard = true;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Closing::bad_message("Invalid message: only text is spoken here")),
            // Answered below this layer; after a close frame the line ends by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return Ok(()),
        };
        match message::read(&text)? {
            Said::Init(payload) => self.init(&payload),
            Said::Ping => {
                line.say(message::PONG);
                Ok(())
            }
            Said::Pong => Ok(()),
            Said::Subscribe { id, payload } => self.subscribe(&id, payload, line),
            Said::Complete { id } => {
                self.forget(&id);
                Ok(())
            }
        }
    }

    fn init(&mut self, payload: &Map<String, Value>) -> Result<(), Closing> {
        if !matches!(self.greeting, Greeting::Awaited) {
            return Err(Closing::new(4429, "Too many initialisation requests"));
        }
        if let Some(token) = token(payload) {
            self.caller.token = Some(token);
        }
        let (server, caller) = (Arc::clone(&self.server), self.caller.clone());
        let asked = async move {
            let answer = AssertUnwindSafe(server.pipeline.authenticate_socket(&caller)).catch_unwind();
            match timeout(server.config.answer_timeout, answer).await {
                Ok(Ok(Ok(guest))) => Ok(guest),
                Ok(Ok(Err(reason))) => Err(Closing::new(4403, reason)),
                Ok(Err(_)) | Err(_) => Err(Closing::new(4500, "Internal server error")),
            }
        };
        self.greeting = Greeting::Asked(asked.boxed());
        Ok(())
    }

    fn welcome(&mut self, guest: Option<SocketUser>, line: &mut Line) -> Result<(), Closing> {
        let limits = &self.server.config.socket;
        let (holder, limit, revoked) = match guest {
            Some(SocketUser { key, revoked }) => (Holder::User(key.into()), limits.max_per_user, Some(revoked)),
            None => (Holder::stranger(self.caller.address), limits.max_per_address, None),
        };
        let seat = self.server.seats.take(holder, limit);
        let seat = seat.ok_or_else(|| Closing::new(4429, format!("Too many sockets: {limit} are allowed")))?;
        self.greeting = Greeting::Done { _seat: seat, revoked };
        line.say(message::ACK);
        Ok(())
    }

    fn subscribe(&mut self, id: &str, payload: &str, line: &mut Line) -> Result<(), Closing> {
        if !matches!(self.greeting, Greeting::Done { .. }) {
            return Err(Closing::new(4401, "Unauthorized"));
        }
        if self.running.contains_key(id) {
            return Err(Closing::new(4409, format!("Subscriber for {id} already exists")));
        }
        let request_id = RequestId::new();
        match self.prepare(payload, &request_id) {
            Ok((incoming, caller)) => self.start(id.into(), incoming, caller),
            Err(Objection::ToMessage(closing)) => return Err(closing),
            Err(Objection::ToOperation(refusal)) => {
                line.say(message::error(id, &refusal.answer(&*self.server.pipeline, &request_id).body));
            }
        }
        Ok(())
    }

    fn prepare(&self, payload: &str, request_id: &RequestId) -> Result<(Incoming, Caller), Objection> {
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

    fn tell(&mut self, Step { id, result }: Step, line: &mut Line) -> Result<(), Closing> {
        match result {
            StepResult::Next(body) => {
                line.say(message::next(&id, &body));
                return Ok(());
            }
            StepResult::Refused(body) => line.say(message::error(&id, &body)),
            StepResult::Hangup(closing) => return Err(closing),
            StepResult::Done => line.say(message::complete(&id)),
        }
        self.forget(&id);
        Ok(())
    }

    /// Ends an operation, and with it the chance that it says another word.
    fn forget(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
    }

    fn tick(&mut self, line: &mut Line, clock: Pin<&mut Sleep>) -> Result<(), Closing> {
        match self.greeting {
            Greeting::Awaited => return Err(Closing::new(4408, "Connection initialisation timeout")),
            Greeting::Asked(_) => {}
            Greeting::Done { .. } if !std::mem::take(&mut self.heard) => {
                return Err(Closing::new(1001, "No answer to a ping"));
            }
            Greeting::Done { .. } => {
                if line.has_room() {
                    line.say(message::PING);
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

/// The token in the payload of `connection_init`, under any of the names that clients use.
fn token(payload: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let authorization = text("authorization").or_else(|| text("Authorization"));
    authorization.and_then(bearer).or_else(|| text("token")).map(str::to_owned)
}

/// Ready once the pipeline has answered a greeting; after that, when it takes its welcome back.
async fn greeted(greeting: &mut Greeting) -> Result<Option<SocketUser>, Closing> {
    match greeting {
        Greeting::Asked(answer) => answer.await,
        Greeting::Done { revoked: Some(revoked), .. } => Err(Closing::new(4403, revoked.await)),
        Greeting::Awaited | Greeting::Done { revoked: None, .. } => future::pending().await,
    }
}

async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // An error means that nobody serves any more.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
}
