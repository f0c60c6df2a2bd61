//! A task as clients see it, and as they submit it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::excerpt::quoted;
use crate::{JsonText, Timestamp, payload_summary};

/// A task's id: a `UUIDv7` (RFC 9562), so ids sort by the time of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(example = "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60")
)]
#[serde(transparent)]
pub struct TaskId(pub Uuid);

impl TaskId {
    /// When the task was submitted, as its id says: a `UUIDv7` begins with milliseconds of Unix time.
    pub fn submitted_at(self) -> Timestamp {
        // Exact: 48 bits are left.
        let millis = (self.0.as_u128() >> 80) as i64;
        Timestamp::from_millis(millis)
    }

    /// The least id that a task can have which is submitted at `at` or later.
    pub fn first_at(at: Timestamp) -> Self {
        let millis = u128::try_from(at.as_millis()).unwrap_or(0);
        Self(Uuid::from_u128(millis.min((1 << 48) - 1) << 80))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TaskId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Where a task stands. The legal moves between states are the engine's `state` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = "queued")
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Due later, never tried.
    Scheduled,
    /// Due, waiting for a free worker.
    Queued,
    /// An attempt is being made, under a lease.
    Running,
    /// An attempt failed; due again later.
    Retrying,
    /// Final: an attempt succeeded.
    Completed,
    /// Final: its attempts are used up, or a handler failed it for good.
    Failed,
    /// Final: somebody cancelled it.
    Cancelled,
}

impl State {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Running,
        Self::Retrying,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing further happens to the task by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The state's name, as in JSON and in query strings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownState(pub String);

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a state; the states are ", quoted(&self.0))?;
        for (index, state) in State::ALL.into_iter().enumerate() {
            write!(f, "{}{state}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownState {}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

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

/// How long to wait before another attempt: exponential backoff with jitter.
///
/// The wait before attempt `n + 1` is `initial_ms * factor^(n - 1)`, at most `max_ms`, spread by
/// up to a fifth either way so that tasks that failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Wait after the first failure, in milliseconds: 0 to 86,400,000 (a day).
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub initial_ms: u64,
    /// What each further wait is multiplied by: 1 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub factor: f64,
    /// The longest wait, in milliseconds: 0 to 86,400,000 (a day).
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub max_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial_ms: 1_000,
            factor: 4.0,
            max_ms: 3_600_000,
        }
    }
}

/// A task to be: the body of `POST /api/tasks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The name of the code that runs it.
    #[cfg_attr(feature = "openapi", schema(example = "sleep"))]
    pub kind: String,
    /// What its handler is given; its shape is the kind's. At most 256 KiB, kept as the text that
    /// is sent. No member may be given twice.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, default = json!({})))]
    #[serde(default = "JsonText::empty_object")]
    pub payload: JsonText,
    /// The lane it waits in; `default` when absent.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.:-]+$")
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// 0 (first) to 9 (last); 5 when absent.
    #[cfg_attr(feature = "openapi", schema(maximum = 9))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// Not before this moment. Excludes `delay_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// Not before this many milliseconds from now. Excludes `run_at`.
    #[cfg_attr(feature = "openapi", schema(maximum = 316_224_000_000u64))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// How often it may be tried, 1 to 1,000; 5 when absent.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// How long one attempt may take, in milliseconds, 1 to 604,800,000 (a week); 15 minutes
    /// when absent.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604_800_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Its own backoff, in place of the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// At most one unfinished task has a given key; submitting another returns that one.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// Words to find it by; at most 16 of at most 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::schema::Tag>, max_items = 16))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl NewTask {
    /// The queue of a task that names none.
    pub const DEFAULT_QUEUE: &str = "default";
    /// The priority of a task that names none.
    pub const DEFAULT_PRIORITY: u8 = 5;
    /// How often a task may be tried that does not say.
    pub const DEFAULT_MAX_ATTEMPTS: u32 = 5;
    /// How long an attempt may take of a task that does not say, in milliseconds: 15 minutes.
    pub const DEFAULT_TIMEOUT_MS: u64 = 15 * 60 * 1_000;

    /// A task of `kind` with `payload` and every option at its default.
    pub fn new(kind: impl Into<String>, payload: impl Into<JsonText>) -> Self {
        Self {
            kind: kind.into(),
            payload: payload.into(),
            queue: None,
            priority: None,
            run_at: None,
            delay_ms: None,
            max_attempts: None,
            timeout_ms: None,
            retry: None,
            unique_key: None,
            tags: Vec::new(),
        }
    }
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

/// A task of a list, with what was asked for beside its summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListedTask {
    /// What every list has.
    #[serde(flatten)]
    pub summary: TaskSummary,
    /// As in [`Task`], when `fields` names it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<JsonText>,
    /// As in [`Task`], when `fields` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub result: Option<JsonText>,
    /// As in [`Task`], when `fields` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub errors: Option<Vec<Failure>>,
}

impl From<TaskSummary> for ListedTask {
    fn from(summary: TaskSummary) -> Self {
        Self {
            summary,
            payload: None,
            result: None,
            errors: None,
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

impl TaskSummary {
    /// As [`Task::attempts_in_words`].
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

impl From<Task> for TaskSummary {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            kind: task.kind,
            queue: task.queue,
            state: task.state,
            tags: task.tags,
            attempt: task.attempt,
            counted_attempts: task.counted_attempts,
            max_attempts: task.max_attempts,
            run_at: task.run_at,
            created_at: task.created_at,
            started_at: task.started_at,
            finished_at: task.finished_at,
            progress: task.progress,
            error: task.error,
            cancel_requested: task.cancel_requested,
            last_seq: task.last_seq,
            priority: task.priority,
            timeout_ms: task.timeout_ms,
            unique_key: task.unique_key,
            schedule_id: task.schedule_id,
            submitted_by: task.submitted_by,
            node: task.node,
            payload_summary: payload_summary::of(task.payload.get()),
        }
    }
}

/// What a list shows of a task: small whatever its payload. Long texts are cut: of a failure's message
/// the beginning and the end stay, with `…` between them, and other texts end in `…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskSummary {
    /// As in [`Task`].
    pub id: TaskId,
    /// As in [`Task`].
    pub kind: String,
    /// As in [`Task`].
    pub queue: String,
    /// As in [`Task`].
    pub state: State,
    /// As in [`Task`].
    pub tags: Vec<String>,
    /// As in [`Task`].
    pub attempt: u32,
    /// As in [`Task`].
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub counted_attempts: u32,
    /// As in [`Task`].
    pub max_attempts: u32,
    /// As in [`Task`].
    pub run_at: Timestamp,
    /// As in [`Task`].
    pub created_at: Timestamp,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub started_at: Option<Timestamp>,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub finished_at: Option<Timestamp>,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub progress: Option<Progress>,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<Failure>,
    /// As in [`Task`].
    pub cancel_requested: bool,
    /// As in [`Task`].
    pub last_seq: u64,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(maximum = 9))]
    pub priority: u8,
    /// As in [`Task`].
    pub timeout_ms: u64,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub unique_key: Option<String>,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub schedule_id: Option<Uuid>,
    /// As in [`Task`].
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub submitted_by: Option<String>,
    /// As in [`Task`].
    #[cfg_attr(feature = "openapi", schema(required))]
    pub node: Option<String>,
    /// The payload in one line for people: its members as `seconds: 5, steps: 10`, cut after 160
    /// characters.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required, example = "seconds: 5, steps: 10")
    )]
    pub payload_summary: String,
}
