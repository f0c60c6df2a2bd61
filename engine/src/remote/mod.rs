//! Workers that ask for tasks over HTTP: in any language, on any machine.
//!
//! What an attempt of theirs is, `store/remote` decides. Rooms, lowest first: `check` (what a worker
//! may say), `kinds` (what they have offered), `elsewhere` (what they offer on other nodes),
//! `workers` (who they are), `grant` (tasks on their way to a worker), `line` (who waits for work),
//! `watch` (attempts that nobody hears of any more).

pub(crate) mod check;
pub(crate) mod elsewhere;
pub(crate) mod grant;
pub(crate) mod kinds;
pub(crate) mod line;
pub(crate) mod watch;
pub(crate) mod workers;

use std::sync::atomic::{AtomicU64, Ordering};

/// What workers have asked of this node since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerCounts {
    /// Claims that were given tasks.
    pub claims: u64,
    /// Claims that found none in time.
    pub empty_claims: u64,
    /// Tasks that were given out.
    pub claimed_tasks: u64,
    /// Tasks that were taken back because the claim's client had gone.
    pub returned_tasks: u64,
    /// Beats.
    pub beats: u64,
    /// Attempts of beats and ends that were not their tasks' any more.
    pub lost_leases: u64,
    /// Attempts that were ended because nothing was heard of them, or their time was over.
    pub expired_attempts: u64,
}

/// The same while it is counted.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) claims: AtomicU64,
    pub(crate) empty_claims: AtomicU64,
    pub(crate) claimed_tasks: AtomicU64,
    pub(crate) returned_tasks: AtomicU64,
    pub(crate) beats: AtomicU64,
    pub(crate) lost_leases: AtomicU64,
    pub(crate) expired_attempts: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> WorkerCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WorkerCounts {
            claims: read(&self.claims),
            empty_claims: read(&self.empty_claims),
            claimed_tasks: read(&self.claimed_tasks),
            returned_tasks: read(&self.returned_tasks),
            beats: read(&self.beats),
            lost_leases: read(&self.lost_leases),
            expired_attempts: read(&self.expired_attempts),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, number: usize) {
    counter.fetch_add(number as u64, Ordering::Relaxed);
}
