//! A WebSocket with a bounded queue before it, read and written by one task without either waiting for the other.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::frame::{
            CloseFrame, Frame,
            coding::{Data, OpCode},
        },
    },
};

use super::Closing;

/// For the peer to take the last words and hang up as well.
const PARTING: Duration = Duration::from_secs(2);
/// Longer messages go out in pieces, because the socket keeps a buffer as long as the longest frame it has sent.
const PIECE: usize = 16 << 10;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

pub(super) struct Line {
    socket: Socket,
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    /// Whether a part of the first message in the queue is sent.
    begun: bool,
    unflushed: bool,
    /// What was heard last; see [`Line::poll_hear`].
    last_heard: Option<Message>,
    max_queued: usize,
    max_queued_bytes: usize,
}

/// What a turn came to.
pub(super) enum Turn {
    /// The peer said something.
    Heard(Message),
    /// The peer took enough for the queue to have room again.
    Room,
    /// The peer breaks the rules.
    Garbled(&'static str),
    /// The connection is gone.
    Gone,
}

impl Line {
    pub(super) fn new(socket: Socket, max_queued: usize, max_queued_bytes: usize) -> Self {
        Self {
            socket,
            queue: VecDeque::new(),
            queued_bytes: 0,
            begun: false,
            unflushed: false,
            last_heard: None,
            max_queued,
            max_queued_bytes,
        }
    }

    /// Whether anything that leads to output may go on. While it is false the peer is not read either, so that it
    /// cannot make the queue grow; if that lasts, the wire's write timeout ends the connection.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < self.max_queued && self.queued_bytes < self.max_queued_bytes
    }

    /// Queues a message; a turn sends it.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let text = Bytes::from(text.into());
        self.queued_bytes += text.len();
        self.queue.push_back(text);
    }

    /// Sends what is queued and listens, whichever is possible first. Cancelling it loses nothing.
    pub(super) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let had_room = self.has_room();
        if let Poll::Ready(Err(_)) = self.poll_send(cx) {
            return Poll::Ready(Turn::Gone);
        }
        match (had_room, self.has_room()) {
            (false, true) => Poll::Ready(Turn::Room),
            (_, false) => Poll::Pending,
            (true, true) => self.poll_hear(cx).map(|heard| match heard {
                Some(Ok(message)) => Turn::Heard(message),
                Some(Err(error)) => complaint(&error).map_or(Turn::Gone, Turn::Garbled),
                None => Turn::Gone,
            }),
        }
    }

    /// A message is a slice of the buffer it was read into. Once nobody else holds a slice, the socket takes the whole
    /// buffer again, and would so keep as much memory as its longest message took, for ever. As the last message is
    /// always held, the socket has to take a new buffer when the short end of a long one is used up.
    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let heard = self.socket.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(message))) = &heard {
            self.last_heard = Some(message.clone());
        }
        heard
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(text) = self.queue.front_mut() {
            ready!(self.socket.poll_ready_unpin(cx))?;
            let piece = text.split_to(text.len().min(PIECE));
            let last = text.is_empty();
            let kind = if self.begun { Data::Continue } else { Data::Text };
            self.begun = !last;
            self.queued_bytes -= piece.len();
            if last {
                self.queue.pop_front();
            }
            self.socket.start_send_unpin(Message::Frame(Frame::message(piece, OpCode::Data(kind), last)))?;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(self.socket.poll_flush_unpin(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Says what is queued, and goodbye. Then waits for the peer to do the same: closing on unread input would take
    /// the close frame away from it.
    pub(super) async fn close(mut self, closing: Closing) {
        let mut reason = closing.reason.into_owned();
        reason.truncate(reason.floor_char_boundary(123));
        let frame = CloseFrame { code: closing.code.into(), reason: reason.into() };
        let parting = async {
            poll_fn(|cx| self.poll_send(cx)).await?;
            self.socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.socket.next().await {}
            Ok::<_, Error>(())
        };
        let _ = timeout(PARTING, parting).await;
    }
}

/// What to tell a peer that breaks the rules; `None` if it is not there any more.
fn complaint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Capacity(_) => Some("Message too long"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) | Error::Utf8(_) => Some("Invalid WebSocket frame"),
        _ => None,
    }
}
