//! A task as clients see it.

mod id;
mod new;
mod state;
mod summary;

pub use id::TaskId;
pub use new::{NewTask, RetryPolicy};
pub use state::{State, UnknownState};
pub use summary::{ListedTask, TaskSummary};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{JsonText, Timestamp};

/// How far a running task has come, in its handler's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// From 0.0 to 1.0.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub fraction: f64,
    /// What it is doing now.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub message: Option<String>,
}

/// One failed attempt. Every failure is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// What went wrong; for a panic, its message and place in the source.
    pub message: String,
    /// The attempt that failed, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub attempt: u32,
    /// When it failed.
    pub at: Timestamp,
    /// How long the attempt had run, in milliseconds.
    pub ran_ms: u64,
}

/// One piece of background work, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// `UUIDv7`, given by the server.
    pub id: TaskId,
    /// The name of the code that runs it.
    #[cfg_attr(feature = "openapi", schema(example = "sleep"))]
    pub kind: String,
    /// The lane it waits in.
    #[cfg_attr(feature = "openapi", schema(example = "default"))]
    pub queue: String,
    /// Where it stands.
    pub state: State,
    /// What its handler is given, as it was sent.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, example = json!({"seconds": 5, "steps": 10})))]
    pub payload: JsonText,
    /// 0 (first) to 9 (last).
    #[cfg_attr(feature = "openapi", schema(maximum = 9))]
    pub priority: u8,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The latest attempt; 0 before the first.
    pub attempt: u32,
    /// How many attempts so far count towards `max_attempts`. One that a shutdown interrupted or that
    /// was put off does not, and none from before somebody asked for it again.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub counted_attempts: u32,
    /// How often it may be tried.
    pub max_attempts: u32,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its latest attempt started.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub started_at: Option<Timestamp>,
    /// When it reached a final state.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub finished_at: Option<Timestamp>,
    /// The latest progress of the latest attempt.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub progress: Option<Progress>,
    /// What its handler returned.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<serde_json::Value>))]
    pub result: Option<JsonText>,
    /// The latest failure.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<Failure>,
    /// The first failure and the latest 20, oldest first; each is in the event log too.
    pub errors: Vec<Failure>,
    /// How many failures there were between the first and the latest that `errors` has.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub errors_omitted: u64,
    /// Asked to stop; it has stopped when its state says so.
    pub cancel_requested: bool,
    /// At most one unfinished task has a given key.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub unique_key: Option<String>,
    /// The schedule that submitted it.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub schedule_id: Option<Uuid>,
    /// The name of the key that it was submitted with; null when nobody had to sign in, and when a
    /// schedule submitted it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub submitted_by: Option<String>,
    /// The node that runs it now, or ran it last.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub node: Option<String>,
    /// The trace it belongs to: the `traceparent` header (W3C Trace Context) of the request that
    /// submitted it. Requests that the task makes carry it on.
    pub traceparent: Option<String>,
    /// The `seq` of its latest event.
    pub last_seq: u64,
}

impl Task {
    /// A task that was accepted at `at` with every option at its default, and waits for its turn;
    /// its log is empty so far. To build others on.
    pub fn queued(
        id: TaskId,
        kind: impl Into<String>,
        payload: impl Into<JsonText>,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            kind: kind.into(),
            queue: NewTask::DEFAULT_QUEUE.to_owned(),
            state: State::Queued,
            payload: payload.into(),
            priority: NewTask::DEFAULT_PRIORITY,
            tags: Vec::new(),
            attempt: 0,
            counted_attempts: 0,
            max_attempts: NewTask::DEFAULT_MAX_ATTEMPTS,
            timeout_ms: NewTask::DEFAULT_TIMEOUT_MS,
            run_at: at,
            created_at: at,
            started_at: None,
            finished_at: None,
            progress: None,
            result: None,
            error: None,
            errors: Vec::new(),
            errors_omitted: 0,
            cancel_requested: false,
            unique_key: None,
            schedule_id: None,
            submitted_by: None,
            node: None,
            traceparent: None,
            last_seq: 0,
        }
    }
}

/// The answer to a submit: the task, new or found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedTask {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// Whether it stood already, and nothing was added: an unfinished task has the `unique_key`, or
    /// the request was sent before.
    pub existing: bool,
}

impl Task {
    /// Its attempts in a few words: `2 of 3`, or `5 (2 of 3 counted)` where not all count.
    pub fn attempts_in_words(&self) -> String {
        attempts_in_words(self.attempt, self.counted_attempts, self.max_attempts)
    }
}

fn attempts_in_words(attempt: u32, counted: u32, most: u32) -> String {
    if attempt == counted {
        format!("{attempt} of {most}")
    } else {
        format!("{attempt} ({counted} of {most} counted)")
    }
}
