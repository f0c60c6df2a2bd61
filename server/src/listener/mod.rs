//! Accepts connections and serves HTTP/1.1 on each, within limits.
//!
//! A loop of our own, because axum's installs no timer: with it, a client that sends nothing is
//! held for ever.

mod crowd;
mod deadline;
mod phase;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::access::Peer;
use crate::front::Front;
use crate::guard::Answered;
use crate::shutdown::Shutdown;
use crowd::{Crowd, Place};
use deadline::DeadlineStream;
use phase::{Phase, PhasedBody};

/// Connections at a time, where as many files may be open. Enough for 10,000 open WebSocket
/// connections and the requests beside. At the limit the connection that has been idle for longest
/// makes room; where none is, clients wait in the kernel's queue.
pub const MAX_CONNECTIONS: usize = 12_000;

/// Files beside those of connections, at least: the store's, and what tasks have open.
const OTHER_FILES: u64 = 64;

/// The longest request head, and the size to which a connection's buffers may grow, in bytes.
const MAX_BUFFER: usize = 64 * 1024;

/// How long to wait after a failure that will not go away by itself at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the kernel may take of an answer that its client has not, in bytes; it doubles this. Left
/// to itself it takes 4 MiB of each, which nobody counts, and a slow client shows only after that.
/// At 100 ms from one end to the other and back it is still 2.5 MB/s.
const SEND_BUFFER: usize = 128 * 1024;

/// Connections that may wait in the kernel's queue until they are accepted. Many clients at one
/// moment would overflow a short queue, and each that finds it full tries again only after a
/// second. The kernel holds it to its own limit (`net.core.somaxconn` on Linux, 4,096).
const BACKLOG: u32 = 4_096;

/// Lets this process open as many files as it may: often the limit that holds is a thousand, and
/// that to which it can be raised is far higher.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        debug!(%error, "cannot raise the limit of open files");
    }
}

/// How many connections there may be: a quarter of the files is left to everything else.
fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = files.saturating_sub(OTHER_FILES.max(files / 4)).max(1);
    usize::try_from(most).map_or(MAX_CONNECTIONS, |most| most.min(MAX_CONNECTIONS))
}

/// A listener at `address`. Needs a Tokio runtime around it.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts again finds connections of the one before still closing at its port. On
    // Windows the same option would let two servers share one.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `front` to whoever connects to `listener`, until `shutdown` closes connections; returns
/// as soon as it has stopped accepting. The connections end by themselves, tracked by `shutdown`.
pub async fn serve(listener: TcpListener, front: Front, shutdown: Shutdown) {
    let crowd = Crowd::new(most_connections());
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &crowd) => accepted,
            () = shutdown.closing() => return,
        };
        let Some(stream) = accepted else {
            return;
        };
        shutdown.track(connection(stream, front.clone(), shutdown.clone()));
    }
}

/// The next connection, once there is a place for it; `None` if there are no places, which never
/// happens.
async fn accept(
    listener: &TcpListener,
    crowd: &Crowd,
) -> Option<(TcpStream, IpAddr, Phase, Place)> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let phase = Phase::default();
                let place = crowd.enter(phase.clone()).await?;
                return Some((stream, peer.ip().to_canonical(), phase, place));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory, most likely: the connection stays in the
                // kernel's queue, so trying again at once would only spin.
                warn!(%error, "cannot accept a connection; trying again");
                crowd.make_room();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the client has gone while it was waiting, which says nothing about the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Serves one connection to its end. Its place is free again when it, or the WebSocket that it has
/// become, is over.
async fn connection(
    (stream, peer, phase, place): (TcpStream, IpAddr, Phase, Place),
    front: Front,
    shutdown: Shutdown,
) {
    // Answers are written whole, and live events are small and urgent: waiting to fill a packet
    // only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot set TCP_NODELAY");
    }
    if let Err(error) = set_socket_send_buffer_size(&stream, SEND_BUFFER) {
        debug!(%error, "cannot bound the kernel's buffer");
    }
    let stream = DeadlineStream::new(stream, phase.clone(), place);
    let service = service_fn(move |request| answer(front.clone(), request, peer, phase.clone()));
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            // The deadlines are the stream's: hyper's is wound anew with every request.
            .header_read_timeout(None)
            .max_buf_size(MAX_BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.closing() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
}

async fn answer(
    front: Front,
    mut request: hyper::Request<Incoming>,
    peer: IpAddr,
    phase: Phase,
) -> Result<hyper::Response<PhasedBody>, Infallible> {
    phase.request_began();
    request.extensions_mut().insert(Peer(peer));
    let Answered { response, open } = front.answer(request.map(Body::new)).await;
    // After a handshake the stream is the WebSocket's: there is no next request to wait for, and
    // the request is over.
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    Ok(response.map(|body| PhasedBody::new(body, (!upgraded).then_some(phase), open)))
}
