//! What a connection is doing: reading a request's head, answering, or waiting for the next.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::traffic::Open;

const HEAD: u8 = 0;
const ANSWERING: u8 = 1;
const IDLE: u8 = 2;

/// One connection's phase, shared by its stream, its service and its response bodies. A new
/// connection is in the middle of its first head.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// A whole head has arrived.
    pub(super) fn request_began(&self) {
        self.0.store(ANSWERING, Ordering::Relaxed);
    }

    /// Bytes have arrived. True when they are the first of a head.
    pub(super) fn bytes_came(&self) -> bool {
        self.0
            .compare_exchange(IDLE, HEAD, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether the client owes the rest of a head.
    pub(super) fn is_in_head(&self) -> bool {
        self.0.load(Ordering::Relaxed) == HEAD
    }

    /// Whether the client has been answered, and has asked nothing more.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == IDLE
    }

    /// The answer is over.
    pub(super) fn response_ended(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
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
