//! One attempt, from its claim until the server knows how it ended.

use std::env;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use glassworks_handlers::command::{Errand, ErrandFailure, Minders, Owner};
use glassworks_protocol::{
    AttemptFailure, AttemptFailures, AttemptStatus, Beat, BeatAnswer, ClaimedTask, Completion,
    Completions, EndAnswer, JsonText, OutputStream, Release, Releases,
};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::ANSWER_WITHIN;
use super::attempt::{Attempts, Held};
use crate::access::KEY_VARIABLE;
use crate::client::{Patience, Server};

/// How long a program may take to stop once it was asked to.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What attempts share.
pub(super) struct Setting {
    pub(super) server: Server,
    pub(super) attempts: Arc<Attempts>,
    pub(super) minders: Minders,
    /// The program and its arguments.
    pub(super) program: Vec<OsString>,
    /// How long one may take, where its task allows more.
    pub(super) timeout: Option<Duration>,
    /// What still runs goes back to the queue.
    pub(super) release: CancellationToken,
}

/// How an attempt ended.
enum End {
    Completed(Option<JsonText>),
    Failed(String),
    /// Not made to its end, because this process ends or because it was asked to stop.
    Released,
    /// The task is not this attempt's any more.
    Lost,
}

/// What is given to the program's reader.
struct Running {
    held: Arc<Held>,
    attempts: Arc<Attempts>,
    stop: CancellationToken,
    result: Mutex<Option<JsonText>>,
}

impl Owner for Running {
    const TAKES_RESULTS: bool = true;

    async fn print(&self, stream: OutputStream, text: String) {
        self.held.print(stream, text, &self.attempts.news).await;
    }

    async fn progress(&self, fraction: f64, message: String) {
        self.held.progress(fraction, message, &self.attempts.news);
    }

    fn result(&self, result: JsonText) {
        *self.result.lock() = Some(result);
    }

    async fn cancelled(&self) {
        self.stop.cancelled().await;
    }
}

/// Makes one attempt. Returns when the server knows how it ended, or that it is not wanted any more.
pub(super) async fn attempt(claimed: ClaimedTask, set: &Setting) {
    let (task, attempt) = (claimed.task, claimed.attempt);
    info!(%task, attempt, "begins");
    let running = Running {
        held: set.attempts.add(&claimed),
        attempts: Arc::clone(&set.attempts),
        stop: CancellationToken::new(),
        result: Mutex::new(None),
    };
    let end = make(claimed, &running, set).await;
    match &end {
        End::Completed(_) => info!(%task, attempt, "has completed"),
        End::Failed(error) => warn!(%task, attempt, error, "has failed"),
        End::Released => info!(%task, attempt, "was stopped"),
        End::Lost => warn!(%task, attempt, "is not this worker's any more"),
    }
    tell_progress(&running.held, set).await;
    tell(end, &running.held, set).await;
    set.attempts.remove(&running.held);
}

/// Runs the program to its end, its own or ours.
async fn make(claimed: ClaimedTask, running: &Running, set: &Setting) -> End {
    let allowed = Duration::from_millis(claimed.timeout_ms);
    let allowed = set.timeout.map_or(allowed, |own| own.min(allowed));
    let work = errand(claimed, set).run(&set.minders, running);
    tokio::pin!(work);
    let held = &running.held;
    let stopped = tokio::select! {
        outcome = &mut work => {
            return match outcome {
                Ok(()) => End::Completed(running.result.lock().take()),
                Err(ErrandFailure::Failed(message)) => End::Failed(message),
                Err(ErrandFailure::Stopped) => End::Released,
            };
        }
        () = held.lost.cancelled() => End::Lost,
        () = held.cancel.cancelled() => End::Released,
        () = set.release.cancelled() => End::Released,
        () = sleep(allowed) => {
            End::Failed(format!("timed out after {} ms", allowed.as_millis()))
        }
    };
    running.stop.cancel();
    // What it says last belongs to the task, and nothing of it outlives its attempt.
    let _ = work.await;
    if held.lost.is_cancelled() {
        return End::Lost;
    }
    stopped
}

fn errand(claimed: ClaimedTask, set: &Setting) -> Errand {
    let mut words = set.program.iter().cloned();
    let own = [
        ("GLASSWORKS_TASK_ID", Some(claimed.task.to_string())),
        ("GLASSWORKS_ATTEMPT", Some(claimed.attempt.to_string())),
        ("TRACEPARENT", claimed.traceparent),
        // It is the worker's, and not the program's.
        (KEY_VARIABLE, None),
    ];
    let inherited = env::vars_os().filter(|(name, _)| own.iter().all(|(its, _)| name != its));
    let mut environment: Vec<(OsString, OsString)> = inherited.collect();
    for (name, value) in own {
        environment.extend(value.map(|value| (name.into(), value.into())));
    }
    Errand {
        // The command line has at least one word.
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
        environment,
        input: claimed.payload.get().to_owned(),
        stop_grace: STOP_GRACE,
    }
}

/// Tells how far the program has come, if the latest of it has not been told. It is worth one try.
async fn tell_progress(held: &Held, set: &Setting) {
    let Some(item) = held.last_progress() else {
        return;
    };
    let beat = Beat {
        worker: set.attempts.worker.clone(),
        items: vec![item],
    };
    let answer = set.server.post("/api/claims/beat", &beat, ANSWER_WITHIN);
    let answer: Result<BeatAnswer, _> = answer.await;
    for standing in answer.iter().flat_map(|answer| &answer.items) {
        held.told(standing);
    }
}

/// Tells the server how an attempt ended, until it knows. What it has answered once it answers again,
/// so an answer that was lost on its way costs nothing.
async fn tell(end: End, held: &Held, set: &Setting) {
    let (task, lease) = (held.task, held.lease.clone());
    let output = held.rest();
    match end {
        End::Lost => {}
        End::Completed(result) => {
            let item = Completion {
                task,
                lease,
                output,
                result,
            };
            let body = Completions { items: vec![item] };
            hand_in("/api/claims/complete", &body, held, set).await;
        }
        End::Failed(error) => {
            let item = AttemptFailure {
                task,
                lease,
                output,
                error,
                retry_after_ms: None,
                permanent: false,
            };
            let body = AttemptFailures { items: vec![item] };
            hand_in("/api/claims/fail", &body, held, set).await;
        }
        End::Released => {
            let item = Release {
                task,
                lease,
                output,
            };
            let body = Releases { items: vec![item] };
            hand_in("/api/claims/release", &body, held, set).await;
        }
    }
}

async fn hand_in(path: &str, body: &(impl Serialize + Sync), held: &Held, set: &Setting) {
    let mut patience = Patience::default();
    loop {
        match set
            .server
            .post::<EndAnswer>(path, body, ANSWER_WITHIN)
            .await
        {
            Ok(answer) => {
                let lost = answer
                    .items
                    .iter()
                    .any(|it| it.status == AttemptStatus::Lost);
                if lost {
                    warn!(task = %held.task, "its end came too late and was refused");
                }
                return;
            }
            Err(error) if error.is_final() => {
                warn!(task = %held.task, %error, "the server does not take how it ended");
                return;
            }
            Err(error) => {
                let pause = patience.next();
                warn!(task = %held.task, %error, "cannot say how it ended; trying again in {pause:?}");
                tokio::select! {
                    () = sleep(pause) => {}
                    () = held.lost.cancelled() => return,
                }
            }
        }
    }
}
