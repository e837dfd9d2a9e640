//! A WebSocket with a bounded send queue. One task reads and writes it without either waiting for the other.

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

/// Time for the peer to receive the close frame and to close as well.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer messages are sent in several frames, because the socket retains a buffer as long as the longest frame it has sent.
const FRAME_BYTES: usize = 16 << 10;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

pub(super) struct Connection {
    socket: Socket,
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    /// Whether a part of the first queued message is sent.
    begun: bool,
    unflushed: bool,
    /// The message received last; see [`Connection::poll_receive`].
    last_received: Option<Message>,
    max_queued: usize,
    max_queued_bytes: usize,
}

/// What happened on the connection.
pub(super) enum Progress {
    /// The peer sent a message.
    Received(Message),
    /// The peer read enough for the queue to have capacity again.
    Drained,
    /// The peer violates the WebSocket protocol.
    Invalid(&'static str),
    /// The connection is closed or broken.
    Closed,
}

impl Connection {
    pub(super) fn new(socket: Socket, max_queued: usize, max_queued_bytes: usize) -> Self {
        Self {
            socket,
            queue: VecDeque::new(),
            queued_bytes: 0,
            begun: false,
            unflushed: false,
            last_received: None,
            max_queued,
            max_queued_bytes,
        }
    }

    /// Whether anything that leads to output may continue. While it is false the peer is not read either, so that it
    /// cannot make the queue grow; if that lasts, the write timeout ends the connection.
    pub(super) fn has_capacity(&self) -> bool {
        self.queue.len() < self.max_queued && self.queued_bytes < self.max_queued_bytes
    }

    /// Queues a message; [`Connection::progress`] sends it.
    pub(super) fn queue_message(&mut self, text: impl Into<String>) {
        let text = Bytes::from(text.into());
        self.queued_bytes += text.len();
        self.queue.push_back(text);
    }

    /// Sends what is queued and receives, whichever is possible first. It is cancellation-safe.
    pub(super) async fn progress(&mut self) -> Progress {
        poll_fn(|cx| self.poll_progress(cx)).await
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        let had_capacity = self.has_capacity();
        if let Poll::Ready(Err(_)) = self.poll_send(cx) {
            return Poll::Ready(Progress::Closed);
        }
        match (had_capacity, self.has_capacity()) {
            (false, true) => Poll::Ready(Progress::Drained),
            (_, false) => Poll::Pending,
            (true, true) => self.poll_receive(cx).map(|received| match received {
                Some(Ok(message)) => Progress::Received(message),
                Some(Err(error)) => violation(&error).map_or(Progress::Closed, Progress::Invalid),
                None => Progress::Closed,
            }),
        }
    }

    /// A message is a slice of the buffer it was read into. Once no slice is left, the socket reuses the whole buffer,
    /// and would retain as much memory as its longest message took. As the last message is always held here, the socket
    /// has to allocate a new buffer when the rest of a long one is used up.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let received = self.socket.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(message))) = &received {
            self.last_received = Some(message.clone());
        }
        received
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(text) = self.queue.front_mut() {
            ready!(self.socket.poll_ready_unpin(cx))?;
            let piece = text.split_to(text.len().min(FRAME_BYTES));
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

    /// Sends what is queued and the close frame, then waits for the peer to close: closing with unread input would make
    /// the peer lose the frame.
    pub(super) async fn close(mut self, closing: Closing) {
        let mut reason = closing.reason.into_owned();
        reason.truncate(reason.floor_char_boundary(123));
        let frame = CloseFrame { code: closing.code.into(), reason: reason.into() };
        let goodbye = async {
            poll_fn(|cx| self.poll_send(cx)).await?;
            self.socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.socket.next().await {}
            Ok::<_, Error>(())
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

/// The close reason for a peer that violates the protocol; `None` if the connection is already broken.
fn violation(error: &Error) -> Option<&'static str> {
    match error {
        Error::Capacity(_) => Some("Message too long"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) | Error::Utf8(_) => Some("Invalid WebSocket frame"),
        _ => None,
    }
}
