//! One WebSocket from handshake to close: limits, heartbeat, and a polite end.
//!
//! Nothing is queued: what is next is asked for when the message before it has been taken, so a
//! slow client costs no more memory than a fast one. One that takes nothing at all is given up by
//! the stream underneath ([`crate::listener`]).

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures::future::OptionFuture;
use glassworks_engine::Caller;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tungstenite::error::{CapacityError, Error as SocketError, ProtocolError};

use crate::shutdown::Shutdown;

/// How often an open connection shows that it is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A client that has not answered this many pings is gone.
const MISSED_HEARTBEATS: u32 = 3;

/// How long the client may take to close its side.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// The longest message from a client, in bytes. What a client has to say is a line.
const MAX_MESSAGE: usize = 16 * 1024;

/// tungstenite takes 128 KiB for reading at once, times 10,000 connections.
const READ_BUFFER: usize = 4 * 1024;

/// The longest message to a client, in bytes; tungstenite sets no limit. A task with its payload,
/// result and failures, or one event's output, stays well below.
const MAX_WRITE_BUFFER: usize = 16 * 1024 * 1024;

/// One side of a conversation over a WebSocket.
pub(super) trait Talk: Send + 'static {
    /// The next message to send; `None` closes the connection. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Option<String>> + Send;

    /// Whether it is over because of a failure here, which a client is told as 1011 and not 1000.
    fn failed(&self) -> bool;

    /// Takes in what the client said, and what to answer at once.
    fn hear(&mut self, text: &str) -> Option<String>;

    /// A message for clients that cannot see pings: scripts in a browser.
    fn heartbeat(&self) -> Option<String>;
}

/// Accepts the handshake, and talks until either side or the server ends.
pub(super) fn talk(
    upgrade: WebSocketUpgrade,
    shutdown: Shutdown,
    caller: Option<&Caller>,
    talk: impl Talk,
) -> Response {
    let open = shutdown.token();
    let ended = caller.map(Caller::ended);
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(async move |mut socket| {
            if let Some(frame) = converse(&mut socket, &shutdown, ended, talk).await {
                close(&mut socket, frame).await;
            }
            drop(open);
        })
}

/// The close frame to send; `None` when the client has gone.
async fn converse(
    socket: &mut WebSocket,
    shutdown: &Shutdown,
    ended: Option<impl Future<Output = ()>>,
    mut talk: impl Talk,
) -> Option<CloseFrame> {
    let mut ended = pin!(OptionFuture::from(ended));
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            () = shutdown.begun() => {
                return Some(frame(close_code::AWAY, "the server is shutting down"));
            }
            Some(()) = &mut ended => {
                return Some(frame(close_code::POLICY, "the key is good no longer"));
            }
            message = talk.next() => match message {
                Some(text) => send(socket, text).await?,
                None if talk.failed() => {
                    return Some(frame(close_code::ERROR, "the server failed"));
                }
                None => return Some(frame(close_code::NORMAL, "over")),
            },
            message = socket.recv() => {
                heard = Instant::now();
                let message = match message? {
                    Ok(message) => message,
                    Err(error) => return broken(error),
                };
                match message {
                    Message::Text(text) => {
                        if let Some(answer) = talk.hear(&text) {
                            send(socket, answer).await?;
                        }
                    }
                    Message::Binary(_) => {
                        return Some(frame(close_code::UNSUPPORTED, "text only"));
                    }
                    // tungstenite answers these.
                    Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
                }
            }
            _ = heartbeat.tick() => {
                if heard.elapsed() > HEARTBEAT * MISSED_HEARTBEATS {
                    return None;
                }
                socket.send(Message::Ping(bytes::Bytes::new())).await.ok()?;
                if let Some(text) = talk.heartbeat() {
                    send(socket, text).await?;
                }
            }
        }
    }
}

/// What a client is told that does not keep to the protocol (RFC 6455, section 7.4.1); `None` for
/// one that has gone.
fn broken(error: axum::Error) -> Option<CloseFrame> {
    let error = error.into_inner().downcast::<SocketError>().ok()?;
    match *error {
        SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        SocketError::Protocol(_) => Some(frame(close_code::PROTOCOL, "not the protocol")),
        SocketError::Utf8(_) => Some(frame(close_code::INVALID, "text has to be UTF-8")),
        SocketError::Capacity(CapacityError::MessageTooLong { .. }) => {
            Some(frame(close_code::SIZE, "too long"))
        }
        _ => None,
    }
}

/// `None` when the client has gone.
async fn send(socket: &mut WebSocket, text: String) -> Option<()> {
    socket.send(Message::Text(text.into())).await.ok()
}

fn frame(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }
}

/// Says goodbye and waits for the answer: closing the connection at once could destroy the last
/// messages on their way.
async fn close(socket: &mut WebSocket, frame: CloseFrame) {
    let codes = [close_code::PROTOCOL, close_code::INVALID, close_code::SIZE];
    let broken = codes.contains(&frame.code);
    let goodbye = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
            // After an error nothing can be read any more, and closing at once on what is still
            // unread would take the frame away that the client is told with.
            if broken {
                sleep(CLOSE_DEADLINE).await;
            }
        }
    };
    // A client that does not answer is dropped.
    let _ = timeout(CLOSE_DEADLINE, goodbye).await;
}
