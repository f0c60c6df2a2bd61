//! What a handler's author sees: the trait, and what a run offers.

pub(crate) mod recorder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{FieldError, JsonText, KindInfo, TaskId};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::handler::recorder::Recorder;
use glassworks_protocol::{EventBody, OutputStream};

/// The code behind a kind.
///
/// One value handles all tasks of its kind, many at a time. Delivery is at least once: an attempt
/// that a crash cut short is made again, so work with outside effects looks at
/// [`Run::attempt`] or is idempotent.
pub trait Handler: Send + Sync + 'static {
    /// The name that tasks are submitted by: lower-case letters, digits, `-`, `_` and `.`.
    const KIND: &'static str;
    /// What it does, for people, in a sentence or two.
    const DESCRIPTION: &'static str;
    /// What it is given. Its schema is published, and draws the form in the browser.
    type Payload: DeserializeOwned + ToSchema + Send + 'static;

    /// A payload that works, to start from.
    fn example() -> Value;

    /// Makes what is published of the kind say what this value knows and its type does not: which
    /// programs are configured, for example. It is given what the type says, and called once.
    fn describe(&self, kind: &mut KindInfo) {
        let _ = kind;
    }

    /// Refuses at submission what the type alone cannot: ranges, combinations, what this node does
    /// not allow. Pointers are relative to the payload (`/seconds`). It is quick and does not block.
    fn check(&self, payload: &Self::Payload) -> Result<(), Vec<FieldError>> {
        let _ = payload;
        Ok(())
    }

    /// How long an attempt of this kind may need to stop once it is asked to. It is ended after the
    /// engine's own grace or after this, whichever is longer.
    fn stop_grace(&self) -> Duration {
        Duration::ZERO
    }

    /// Makes one attempt, and returns the result: a [`Value`] by `.into()`, or JSON as it came from
    /// elsewhere.
    ///
    /// The future is dropped when it does not end within the grace period after a cancel or its
    /// time limit, so it must be safe to drop at any await. A panic fails the attempt and harms
    /// nothing else.
    fn run(
        &self,
        payload: Self::Payload,
        run: &Run,
    ) -> impl Future<Output = Result<JsonText, TaskError>> + Send;
}

/// Why an attempt failed, and what is to follow. Of its message 16 KiB are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    pub(crate) message: String,
    pub(crate) then: Then,
}

/// What is to follow a failed attempt, as far as attempts remain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Backoff,
    RetryAfter(Duration),
    FailForGood,
    Stopped,
    Postpone,
}

impl TaskError {
    /// The attempt failed; the next follows after the task's backoff.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::with(message, Then::Backoff)
    }

    /// The task cannot succeed: no further attempt.
    pub fn permanent(message: impl fmt::Display) -> Self {
        Self::with(message, Then::FailForGood)
    }

    /// The attempt failed; the next follows after `wait`.
    pub fn retry_after(message: impl fmt::Display, wait: Duration) -> Self {
        Self::with(message, Then::RetryAfter(wait))
    }

    /// This node cannot make the attempt, and the task is not to blame: what it needs is not
    /// configured here, or not now. The task waits, for a minute at first and for ten in the end,
    /// says for what, and the attempt does not count.
    pub fn unavailable(message: impl fmt::Display) -> Self {
        Self::with(message, Then::Postpone)
    }

    /// The attempt stopped because it was asked to.
    pub fn cancelled() -> Self {
        Self::with("stopped on request", Then::Stopped)
    }

    fn with(message: impl fmt::Display, then: Then) -> Self {
        Self {
            message: message.to_string(),
            then,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TaskError {}

/// One attempt, as its handler sees it.
///
/// What is recorded here is stored before anybody sees it. When the store is behind, recording
/// waits, so a handler that prints without end costs bounded memory.
pub struct Run {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    pub(crate) traceparent: Option<String>,
    pub(crate) started: Instant,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) token: CancellationToken,
}

impl Run {
    /// The task.
    pub fn task_id(&self) -> TaskId {
        self.task
    }

    /// The attempt, from 1. More than 1 means that an earlier one failed or was lost.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The `traceparent` header (W3C Trace Context) of the request that submitted the task, for
    /// the requests that this attempt makes.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// How long this attempt has run: the clock that spans are measured by.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Says how far the work is: `fraction` from 0.0 to 1.0 (held within), and what it is doing
    /// now, of which 1 KiB is kept. Reports that come faster than the store takes them are thinned
    /// to the latest.
    /// Cancel safe: either recorded or not.
    pub async fn progress(&self, fraction: f64, message: impl Into<String> + Send) {
        let message = message.into();
        let fraction = if fraction.is_finite() {
            fraction.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.recorder
            .record(EventBody::Progress {
                fraction,
                message: (!message.is_empty()).then_some(message),
            })
            .await;
    }

    /// Prints `text` as it is, without adding a line end. Cancel safe, save that a text over
    /// 64 KiB may be recorded in part.
    pub async fn print(&self, text: impl Into<String> + Send) {
        self.recorder.print(OutputStream::Stdout, text.into()).await;
    }

    /// As [`print`](Run::print), to the standard error: what went wrong on the way, and other
    /// remarks. Both are shown in the order in which they were printed.
    pub async fn print_err(&self, text: impl Into<String> + Send) {
        self.recorder.print(OutputStream::Stderr, text.into()).await;
    }

    /// Records a finished piece of work for the time line: `track` is its row, `start` and `end`
    /// are measured by [`Run::elapsed`]. Of both names 256 bytes are kept, of the attributes 4 KiB.
    /// Cancel safe.
    pub async fn span(
        &self,
        name: impl Into<String> + Send,
        track: impl Into<String> + Send,
        (start, end): (Duration, Duration),
        attributes: Map<String, Value>,
    ) {
        self.recorder
            .record(EventBody::Span {
                name: name.into(),
                track: track.into(),
                start_ms: start.as_secs_f64() * 1_000.0,
                end_ms: end.as_secs_f64() * 1_000.0,
                attributes,
            })
            .await;
    }

    /// Whether the attempt has been asked to stop, by a person or by its time limit. A shutdown
    /// does not ask: it waits, and then ends the attempt without its counting.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until the attempt is asked to stop. Cancel safe.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Waits for `duration`; an error as soon as the attempt is asked to stop, to be handed on
    /// with `?`. Cancel safe.
    pub async fn sleep(&self, duration: Duration) -> Result<(), TaskError> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(TaskError::cancelled()),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}
