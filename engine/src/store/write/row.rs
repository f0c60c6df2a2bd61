//! Tasks that are to be stored, and by what they are known when they are asked for again.

use glassworks_protocol::{RetryPolicy, TaskId, Timestamp};
use uuid::Uuid;

/// A task to be stored: validated, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRow {
    /// Its id, a fresh `UUIDv7`.
    pub id: TaskId,
    /// As in [`Task`](glassworks_protocol::Task).
    pub kind: String,
    /// As in [`Task`](glassworks_protocol::Task).
    pub queue: String,
    /// The payload as JSON text.
    pub payload: String,
    /// 0 to 9.
    pub priority: u8,
    /// As in [`Task`](glassworks_protocol::Task).
    pub tags: Vec<String>,
    /// At least 1.
    pub max_attempts: u32,
    /// At least 1.
    pub timeout_ms: u64,
    /// When it is due.
    pub due: Due,
    /// Its own backoff.
    pub retry: Option<RetryPolicy>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub unique_key: Option<String>,
    /// The schedule that submits it.
    pub schedule_id: Option<Uuid>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub traceparent: Option<String>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub submitted_by: Option<String>,
}

/// When a task is due. Spans are measured by the store's own clock, so that a node whose clock is
/// wrong harms nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// As soon as it is accepted.
    #[default]
    AtOnce,
    /// At this moment, or at once when that lies behind.
    At(Timestamp),
    /// So many milliseconds after it was accepted.
    After(u64),
}

/// How a request is known when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Given by the client.
    pub key: String,
    /// SHA-256 of what it asks for.
    pub fingerprint: [u8; 32],
}

/// One firing of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The schedule.
    pub schedule: Uuid,
    /// The moment it is for: the schedule's `next_fire_at` until it has fired.
    pub due: Timestamp,
    /// The schedule's next moment.
    pub next: Option<Timestamp>,
    /// What it submits, if anything.
    pub task: Option<NewRow>,
    /// Why it submits nothing, when it should.
    pub error: Option<String>,
}
