//! What a reader has done: kept by the reader's browser, or in an address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;

/// Something that a reader does outside the lab and the quiz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Called `GET /api/aggregate`.
    CalledAggregate,
    /// Called `GET /api/slow` with a time limit that passed.
    RanOutOfTime,
    /// Read `GET /api/stream` while it came.
    ReadStream,
    /// Submitted a task.
    SubmittedTask,
    /// Followed a task's events or output until it ended.
    FollowedTask,
    /// Saw a task fail, and be tried again.
    SawRetry,
    /// Restarted the server while a task ran, and saw it go on.
    SurvivedRestart,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 7] = [
        Self::CalledAggregate,
        Self::RanOutOfTime,
        Self::ReadStream,
        Self::SubmittedTask,
        Self::FollowedTask,
        Self::SawRetry,
        Self::SurvivedRestart,
    ];

    /// Its name where progress is written down.
    pub fn name(self) -> &'static str {
        match self {
            Self::CalledAggregate => "called-aggregate",
            Self::RanOutOfTime => "ran-out-of-time",
            Self::ReadStream => "read-stream",
            Self::SubmittedTask => "submitted-task",
            Self::FollowedTask => "followed-task",
            Self::SawRetry => "saw-retry",
            Self::SurvivedRestart => "survived-restart",
        }
    }

    /// What a reader is told to do.
    pub fn words(self) -> &'static str {
        match self {
            Self::CalledAggregate => "called GET /api/aggregate",
            Self::RanOutOfTime => "called GET /api/slow with a timeout that passed",
            Self::ReadStream => "read GET /api/stream while it came",
            Self::SubmittedTask => "submitted a task",
            Self::FollowedTask => "followed a task until it ended",
            Self::SawRetry => "saw a task fail and be tried again",
            Self::SurvivedRestart => "restarted the server while a task ran, and saw it go on",
        }
    }
}

/// All that counts for mastery. Grows only: what was done stays done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The experiments that were predicted and run.
    pub ran: BTreeSet<Experiment>,
    /// What else was done.
    pub did: BTreeSet<Deed>,
    /// The questions of the quiz that were answered rightly, by id.
    pub answered: BTreeSet<String>,
}
