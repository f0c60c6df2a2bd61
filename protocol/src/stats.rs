//! The server's figures at one moment.

use serde::{Deserialize, Serialize};

use crate::{State, Timestamp};

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field is the state of its name")]
pub struct StateCounts {
    pub scheduled: u64,
    pub queued: u64,
    pub running: u64,
    pub retrying: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

impl StateCounts {
    /// The count of `state`.
    pub const fn get(&self, state: State) -> u64 {
        match state {
            State::Scheduled => self.scheduled,
            State::Queued => self.queued,
            State::Running => self.running,
            State::Retrying => self.retrying,
            State::Completed => self.completed,
            State::Failed => self.failed,
            State::Cancelled => self.cancelled,
        }
    }

    /// The count of `state`, to change.
    pub const fn get_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Scheduled => &mut self.scheduled,
            State::Queued => &mut self.queued,
            State::Running => &mut self.running,
            State::Retrying => &mut self.retrying,
            State::Completed => &mut self.completed,
            State::Failed => &mut self.failed,
            State::Cancelled => &mut self.cancelled,
        }
    }
}

/// The server's figures at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// The node that answers.
    pub node: String,
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it has run, in milliseconds.
    pub uptime_ms: u64,
    /// Tasks kept in the store, by state.
    pub tasks: StateCounts,
    /// Attempts that this node has ended since it started, by the state they led to.
    pub since_start: StateCounts,
    /// Tasks that may run at a time on this node.
    pub workers: u32,
    /// Tasks running now on this node.
    pub busy_workers: u32,
}
