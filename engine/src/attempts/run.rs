//! One attempt, from its start to the write that ends it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use glassworks_protocol::{EventBody, JsonText};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::attempts::panic::CatchPanic;
use crate::attempts::runs::Signals;
use crate::error::Error;
use crate::handler::recorder::Recorder;
use crate::handler::{Run, TaskError, Then};
use crate::journal::Journal;
use crate::registry::AnyHandler;
use crate::retry;
use crate::store::{Claimed, End, Outcome, Refusal, Write};
use crate::tally::Tally;
use crate::texts;

/// How long to wait before a write is tried again after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// How long a task waits for what this node does not have, at first and at most: somebody has to
/// change something, and a look now and then costs little.
const FIRST_POSTPONEMENT_MS: u64 = 60_000;
const LONGEST_POSTPONEMENT_MS: u64 = 600_000;

/// What an attempt needs beside its task.
pub(crate) struct Setting {
    pub(crate) journal: Journal,
    pub(crate) tally: Arc<Tally>,
    pub(crate) signals: Signals,
    /// The node is shutting down, and its grace is over.
    pub(crate) release: CancellationToken,
    /// How long an attempt may take to stop by itself, unless its handler says that it needs longer.
    pub(crate) cancel_grace: Duration,
    pub(crate) result_bytes: usize,
}

/// Makes one attempt and writes down how it ended.
///
/// Returns when the end is committed, or when the task is not this attempt's any more.
pub(crate) async fn attempt(
    claimed: Claimed,
    handler: Option<Arc<dyn AnyHandler>>,
    mut set: Setting,
) {
    let started = Instant::now();
    let recorder = Arc::new(Recorder::default());
    let Some(handler) = handler else {
        // It claims no other kinds, so this is a fault; the task is not to pay for it.
        tracing::error!(task = %claimed.id, kind = claimed.kind, "claimed a kind without a handler");
        set.signals.ended.cancel();
        finish(&claimed, Vec::new(), End::Released, &set).await;
        return;
    };
    set.cancel_grace = set.cancel_grace.max(handler.stop_grace());
    let run = Run {
        task: claimed.id,
        attempt: claimed.attempt,
        traceparent: claimed.traceparent.clone(),
        started,
        recorder: Arc::clone(&recorder),
        token: set.signals.stop.clone(),
    };
    let payload = claimed.payload.clone();
    set.tally.picked_up(claimed.run_at);
    let work = AbortOnDrop(tokio::spawn(CatchPanic(handler.run(payload, run))));
    let supervised = supervise(&claimed, work, &recorder, &set).await;
    set.signals.ended.cancel();
    let Some((verdict, kept)) = supervised else {
        tracing::warn!(task = %claimed.id, attempt = claimed.attempt,
            "stopped an attempt that the task no longer belongs to");
        return;
    };
    set.tally.run.record(started.elapsed());
    // In order: what was recorded before is kept before the end is.
    if !kept.await {
        return;
    }
    let end = match verdict {
        Verdict::Ended(result) => judge(&claimed, result, started, &set),
        Verdict::TimedOut => {
            let message = format!("timed out after {} ms", claimed.timeout_ms);
            judge(&claimed, Err(TaskError::new(message)), started, &set)
        }
        Verdict::Stopped => End::Stopped,
        Verdict::Released => End::Released,
    };
    finish(&claimed, recorder.take_now(), end, &set).await;
}

/// How the work came to its end.
enum Verdict {
    /// By itself.
    Ended(Result<JsonText, TaskError>),
    /// Its time limit passed.
    TimedOut,
    /// It was asked to stop.
    Stopped,
    /// The node shut down.
    Released,
}

/// Ends the handler's task with this one, so that no attempt outlives its supervision.
struct AbortOnDrop(JoinHandle<Result<Result<JsonText, TaskError>, String>>);

impl AbortOnDrop {
    /// Ends the handler where it has not ended, and waits until it has: its future is dropped at
    /// its next await. One that blocks its thread is not waited for longer than `grace`.
    async fn end(mut self, grace: Duration) {
        self.0.abort();
        if !self.0.is_finished() {
            // Its result is of no use any more.
            let _ = tokio::time::timeout(grace, &mut self.0).await;
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is being kept of a run, and whether the task is still this attempt's when it is.
type Keeping<'s> = BoxFuture<'s, bool>;

/// Hands on what the handler records, and ends it when it must. Gives how it ended, and what is
/// still to be kept; `None` when the attempt was lost. Either way the handler has ended then.
///
/// It never waits for the store: time limits, cancels and shutdowns are obeyed while that fails.
async fn supervise<'s>(
    claimed: &'s Claimed,
    mut work: AbortOnDrop,
    recorder: &Recorder,
    set: &'s Setting,
) -> Option<(Verdict, Keeping<'s>)> {
    let limit = tokio::time::sleep(Duration::from_millis(claimed.timeout_ms));
    tokio::pin!(limit);
    let grace = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(grace);
    let mut timed_out = false;
    let mut asked = false;
    let mut keeping: Keeping<'s> = ready(true).boxed();
    let mut busy = false;
    let verdict = loop {
        tokio::select! {
            biased;
            () = set.signals.lost.cancelled() => break None,
            // Nothing that waits is lost: `finish` takes what is left.
            ended = &mut work.0 => break Some(ended_by_itself(ended, timed_out, set)),
            () = set.release.cancelled() => break Some(Verdict::Released),
            () = set.signals.stop.cancelled(), if !asked => {
                asked = true;
                grace.as_mut().reset(Instant::now() + set.cancel_grace);
            }
            () = &mut limit, if !timed_out => {
                timed_out = true;
                set.signals.stop.cancel();
            }
            () = &mut grace, if asked => {
                break Some(if timed_out { Verdict::TimedOut } else { Verdict::Stopped });
            }
            kept = &mut keeping, if busy => {
                busy = false;
                keeping = ready(true).boxed();
                if !kept {
                    break None;
                }
            }
            entries = recorder.take(), if !busy => {
                keeping = record(claimed, entries, set).boxed();
                busy = true;
            }
        }
    };
    work.end(set.cancel_grace).await;
    verdict.map(|verdict| (verdict, keeping))
}

fn ended_by_itself(
    ended: Result<Result<Result<JsonText, TaskError>, String>, tokio::task::JoinError>,
    timed_out: bool,
    set: &Setting,
) -> Verdict {
    let result = match ended {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(TaskError::new(panic)),
        // Panics are caught within, so the runtime is going down under us.
        Err(_) => return Verdict::Released,
    };
    match result {
        Err(error) if timed_out && error.then == Then::Stopped => Verdict::TimedOut,
        Err(error) if set.signals.stop.is_cancelled() && error.then == Then::Stopped => {
            Verdict::Stopped
        }
        result => Verdict::Ended(result),
    }
}

/// What the end of the work means for the task.
fn judge(
    claimed: &Claimed,
    result: Result<JsonText, TaskError>,
    started: Instant,
    set: &Setting,
) -> End {
    let result = result.and_then(|value| as_text(&value, set.result_bytes));
    let error = match result {
        Ok(text) => return End::Completed(text),
        Err(error) => error,
    };
    let ran_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let message = texts::message(error.message);
    let wait = match error.then {
        Then::Postpone => {
            return End::Postponed {
                message,
                ran_ms,
                wait_ms: postponement_ms(claimed.attempt.saturating_sub(claimed.counted_attempts)),
            };
        }
        Then::FailForGood => None,
        Then::RetryAfter(wait) => Some(wait),
        Then::Backoff | Then::Stopped => Some(retry::delay(
            &claimed.retry.unwrap_or_default(),
            claimed.counted_attempts,
            fastrand::f64(),
        )),
    };
    End::Failed {
        message,
        ran_ms,
        retry_in_ms: wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// How long to wait after an attempt that could not be made, when so many before it did not count,
/// in milliseconds.
fn postponement_ms(uncounted: u32) -> u64 {
    let doublings = uncounted.min(10);
    LONGEST_POSTPONEMENT_MS.min(FIRST_POSTPONEMENT_MS << doublings)
}

/// A result as it is stored: null takes no room.
fn as_text(value: &JsonText, limit: usize) -> Result<Option<String>, TaskError> {
    if value.is_null() {
        return Ok(None);
    }
    let text = value.get();
    if text.len() > limit {
        return Err(TaskError::permanent(format!(
            "the result is {} bytes of JSON; at most {limit} are kept",
            text.len()
        )));
    }
    Ok(Some(text.to_owned()))
}

/// Whether the task is still this attempt's.
async fn record(claimed: &Claimed, entries: Vec<EventBody>, set: &Setting) -> bool {
    let write = Write::Record {
        task: claimed.id,
        attempt: claimed.attempt,
        entries,
    };
    match commit_surely(write, set).await {
        Some(Outcome::Recorded(Err(Refusal::Fenced))) | None => false,
        Some(_) => true,
    }
}

async fn finish(claimed: &Claimed, entries: Vec<EventBody>, end: End, set: &Setting) {
    let write = Write::Finish {
        task: claimed.id,
        attempt: claimed.attempt,
        entries,
        end,
    };
    if let Some(Outcome::Finished(Err(refusal))) = commit_surely(write, set).await {
        tracing::warn!(task = %claimed.id, attempt = claimed.attempt, ?refusal,
            "the end of an attempt was refused");
    }
}

/// Commits, trying again while the store fails: what a handler did is not to be lost to a full
/// disk. `None` when the attempt was lost meanwhile, or nothing is taken any more.
async fn commit_surely(write: Write, set: &Setting) -> Option<Outcome> {
    loop {
        match set.journal.commit(write.clone()).await {
            Ok(outcome) => return Some(outcome),
            Err(Error::Store | Error::Unavailable(_)) => {}
            Err(_) => return None,
        }
        tokio::select! {
            () = set.signals.lost.cancelled() => return None,
            () = tokio::time::sleep(STORE_RETRY) => {}
        }
    }
}
