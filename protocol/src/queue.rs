//! A queue as clients see it, and how it can be set.

use serde::{Deserialize, Serialize};

use crate::{StateCounts, Timestamp};

/// How a queue may be used. A queue that was never set has no limits and is not paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// Whether its tasks wait. What runs already goes on.
    pub paused: bool,
    /// Until when they wait, for a queue that is paused; null to wait until somebody resumes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// How many of its tasks may run at a time on each node, at least 1; null for no limit but
    /// the node's own.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub concurrency: Option<u32>,
    /// How many of its tasks may run at a time on all nodes together, at least 1; null for no
    /// limit.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_running: Option<u32>,
    /// How many of its tasks may start in a span of time; null for no limit.
    pub rate: Option<RateLimit>,
}

impl QueueSettings {
    /// Whether its tasks wait at `now`.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused && self.paused_until.is_none_or(|until| now < until)
    }

    /// The same as they are in force at `now`: a pause that is over is none.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let paused = self.is_paused(now);
        Self {
            paused,
            paused_until: self.paused_until.filter(|_| paused),
            ..self
        }
    }
}

/// At most `tasks` starts in any `per_ms` milliseconds on average, `tasks` of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many, 1 to 1,000,000.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    pub tasks: u32,
    /// In how many milliseconds, 1 to 86,400,000 (a day).
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 86_400_000))]
    pub per_ms: u32,
}

/// A named lane of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How it may be used.
    #[serde(flatten)]
    pub settings: QueueSettings,
    /// Its tasks by state.
    pub tasks: StateCounts,
}

/// How a queue went on this node of late, in lists of the same length, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueHistory {
    /// How long each entry stands for, in milliseconds.
    pub interval_ms: u64,
    /// Tasks that waited to start at the end of each interval, whatever node they were to run on.
    pub queued: Vec<u64>,
    /// Tasks that ran then, on all nodes.
    pub running: Vec<u64>,
    /// Tasks that this node accepted in each interval.
    pub submitted: Vec<u32>,
    /// Tasks that completed on this node.
    pub completed: Vec<u32>,
    /// Tasks that failed for good on this node.
    pub failed: Vec<u32>,
}
