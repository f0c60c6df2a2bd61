//! How much of everything there may be.

use std::time::Duration;

/// How much of everything there may be. Each has a default that suits one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unfinished tasks in the store; a submit over it is refused until some are done.
    pub backlog: u64,
    /// A payload as JSON, in bytes.
    pub payload_bytes: usize,
    /// A result as JSON, in bytes; an attempt that returns more fails.
    pub result_bytes: usize,
    /// Output kept of each attempt, in bytes: the first half of the limit, and of what comes after
    /// as much of the latest as the second half holds, less at most an eighth of it. A `truncated`
    /// event says what is missing between.
    pub output_bytes: u64,
    /// Events kept of each attempt beside changes of state, which are kept always. What is kept is
    /// as for `output_bytes`; at least the latest event is.
    pub events: u64,
    /// Names of queues in use at a time.
    pub queues: usize,
    /// Schedules at a time.
    pub schedules: usize,
    /// Kinds that workers have offered.
    pub kinds: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            backlog: 2_000_000,
            payload_bytes: 256 * 1024,
            result_bytes: 1024 * 1024,
            output_bytes: 8 * 1024 * 1024,
            events: 10_000,
            queues: 1_000,
            schedules: 1_000,
            kinds: 1_000,
        }
    }
}

/// How long finished tasks, and entries of the audit log, are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Completed and cancelled tasks. Default: 24 h.
    pub completed: Duration,
    /// Failed tasks. Default: 7 days.
    pub failed: Duration,
    /// Entries of the audit log. Default: 90 days.
    pub audit: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            completed: Duration::from_hours(24),
            failed: Duration::from_hours(7 * 24),
            audit: Duration::from_hours(90 * 24),
        }
    }
}
