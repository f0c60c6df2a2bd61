//! A task as lists show it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Failure, Progress, State, Task, TaskId, attempts_in_words};
use crate::{JsonText, Timestamp, payload_summary};

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

impl TaskSummary {
    /// As [`Task::attempts_in_words`].
    pub fn attempts_in_words(&self) -> String {
        attempts_in_words(self.attempt, self.counted_attempts, self.max_attempts)
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
