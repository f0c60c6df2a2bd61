//! The experiments of the lab, by the names that their pages and tasks have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An experiment of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Experiment {
    /// A handler that blocks its thread.
    Blocking,
    /// Several services asked one after another, or at the same time.
    FanOut,
    /// A background task that fails when nobody looks.
    BackgroundFailure,
    /// A time limit, and what it cannot stop.
    Timeout,
    /// One large answer against a stream.
    Streaming,
    /// A producer that is too fast.
    Backpressure,
    /// A client that goes away.
    Disconnect,
    /// More blocking calls than threads.
    BlockingPool,
    /// A worker that misses its beat.
    LostLease,
    /// A forgotten `.await`.
    MissingAwait,
}

impl Experiment {
    /// Every experiment.
    pub const ALL: [Self; 10] = [
        Self::Blocking,
        Self::FanOut,
        Self::BackgroundFailure,
        Self::Timeout,
        Self::Streaming,
        Self::Backpressure,
        Self::Disconnect,
        Self::BlockingPool,
        Self::LostLease,
        Self::MissingAwait,
    ];

    /// Its name in addresses and payloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::FanOut => "fan-out",
            Self::BackgroundFailure => "background-failure",
            Self::Timeout => "timeout",
            Self::Streaming => "streaming",
            Self::Backpressure => "backpressure",
            Self::Disconnect => "disconnect",
            Self::BlockingPool => "blocking-pool",
            Self::LostLease => "lost-lease",
            Self::MissingAwait => "missing-await",
        }
    }

    /// The address of its page.
    pub fn path(self) -> String {
        format!("/lab/{self}")
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
