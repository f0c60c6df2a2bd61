//! What a connection is doing: reading a request's head, answering, or waiting for the next.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};

use crate::traffic::Open;

const HEAD: u8 = 0;
const ANSWERING: u8 = 1;
const IDLE: u8 = 2;

/// How long a client may take for its first head before others may have its place.
const UNCERTAIN: Duration = Duration::from_secs(1);

/// What moments are counted from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One connection's phase, shared by its stream, its service, its response bodies and the crowd. A
/// new connection is in the middle of its first head.
#[derive(Clone, Debug)]
pub(super) struct Phase(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: AtomicU8,
    /// Since when nothing has been asked, in microseconds.
    since: AtomicU64,
    leave: AtomicBool,
    reader: AtomicWaker,
}

impl Default for Phase {
    fn default() -> Self {
        Self(Arc::new(Inner {
            phase: AtomicU8::new(HEAD),
            since: AtomicU64::new(now()),
            leave: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        }))
    }
}

fn now() -> u64 {
    u64::try_from(EPOCH.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Phase {
    /// A whole head has arrived.
    pub(super) fn request_began(&self) {
        self.0.phase.store(ANSWERING, Ordering::Relaxed);
    }

    /// Bytes have arrived. True when they are the first of a head.
    pub(super) fn bytes_came(&self) -> bool {
        self.0
            .phase
            .compare_exchange(IDLE, HEAD, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether the client owes the rest of a head.
    pub(super) fn is_in_head(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) == HEAD
    }

    /// Whether the client has been answered, and has asked nothing more.
    pub(super) fn is_idle(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) == IDLE
    }

    /// The answer is over.
    pub(super) fn response_ended(&self) {
        self.0.since.store(now(), Ordering::Relaxed);
        self.0.phase.store(IDLE, Ordering::Relaxed);
    }

    /// Since when nothing has been asked: to be compared.
    pub(super) fn since(&self) -> u64 {
        self.0.since.load(Ordering::Relaxed)
    }

    /// Whether ending the connection takes nothing from its client.
    pub(super) fn may_leave(&self) -> bool {
        if self.must_leave() {
            return false;
        }
        let uncertain = Duration::from_micros(now().saturating_sub(self.since())) < UNCERTAIN;
        self.is_idle() || (self.is_in_head() && !uncertain)
    }

    /// Has the connection end as soon as it is idle.
    pub(super) fn leave(&self) {
        self.0.leave.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    /// Whether the connection was told to end.
    pub(super) fn must_leave(&self) -> bool {
        self.0.leave.load(Ordering::Acquire)
    }

    /// Waits to be told to end.
    pub(super) fn told_to_leave(&self, cx: &Context<'_>) -> bool {
        self.0.reader.register(cx.waker());
        self.must_leave()
    }
}

/// A response's body that tells the phase when the response is over.
pub(super) struct PhasedBody {
    body: Body,
    phase: Option<Phase>,
    /// The request is open until its response is over.
    _open: Open,
}

impl PhasedBody {
    /// Without a `phase`, nobody is told.
    pub(super) fn new(body: Body, phase: Option<Phase>, open: Open) -> Self {
        Self {
            body,
            phase,
            _open: open,
        }
    }
}

impl Drop for PhasedBody {
    fn drop(&mut self) {
        if let Some(phase) = &self.phase {
            phase.response_ended();
        }
    }
}

impl hyper::body::Body for PhasedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
