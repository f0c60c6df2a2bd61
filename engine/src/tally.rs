//! What this node has done since it started: counts, the last minutes, and how long it took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use glassworks_protocol::{Event, EventBody, State, StateCounts, Timestamp};
use parking_lot::Mutex;

use crate::histogram::Histogram;
use crate::history::History;
use crate::throughput::{Second, Throughput};

/// What this node has done since it started.
pub(crate) struct Tally {
    submitted: AtomicU64,
    states: [AtomicU64; State::ALL.len()],
    throughput: Mutex<Throughput>,
    /// How each queue went of late.
    pub(crate) queues: Arc<History>,
    /// Attempts, from the moment the task was due to the start of its handler.
    pub(crate) pick_up: Histogram,
    /// Attempts, from the start of the handler to its end.
    pub(crate) run: Histogram,
    started: Instant,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            submitted: AtomicU64::new(0),
            states: Default::default(),
            throughput: Mutex::default(),
            queues: Arc::default(),
            pick_up: Histogram::default(),
            run: Histogram::default(),
            started: Instant::now(),
        }
    }
}

impl Tally {
    /// Counts committed events.
    pub(crate) fn count(&self, events: &[Event]) {
        for event in events {
            if event.seq == 1 {
                self.submitted.fetch_add(1, Ordering::Relaxed);
            }
            if let EventBody::State { state, .. } = event.body {
                for (counter, known) in self.states.iter().zip(State::ALL) {
                    if known == state {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
        if !events.is_empty() {
            self.throughput.lock().count(events, self.second());
        }
    }

    /// Counts the start of an attempt at a task that was due at `run_at`.
    pub(crate) fn picked_up(&self, run_at: Timestamp) {
        // Both moments are the wall clock's, which may have been set back between them.
        let waited = Timestamp::now().millis_since(run_at);
        let waited = Duration::from_millis(u64::try_from(waited).unwrap_or(0));
        self.pick_up.record(waited);
    }

    /// Tasks that were accepted.
    pub(crate) fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Relaxed)
    }

    /// How often tasks entered each state.
    pub(crate) fn states(&self) -> StateCounts {
        let mut counts = StateCounts::default();
        for (counter, state) in self.states.iter().zip(State::ALL) {
            *counts.get_mut(state) = counter.load(Ordering::Relaxed);
        }
        counts
    }

    /// The last seconds, oldest first.
    pub(crate) fn seconds(&self) -> Vec<Second> {
        self.throughput.lock().read(self.second()).collect()
    }

    fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}
