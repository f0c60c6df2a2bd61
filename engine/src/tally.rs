//! How many attempts this node has ended, by the state they led to.

use std::sync::atomic::{AtomicU64, Ordering};

use glassworks_protocol::{Event, EventBody, State, StateCounts};

/// Counts since the node started.
#[derive(Default)]
pub(crate) struct Tally([AtomicU64; State::ALL.len()]);

impl Tally {
    /// Counts the changes of state among committed events.
    pub(crate) fn count(&self, events: &[Event]) {
        for event in events {
            if let EventBody::State { state, .. } = event.body {
                for (counter, known) in self.0.iter().zip(State::ALL) {
                    if known == state {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    /// The counts so far.
    pub(crate) fn read(&self) -> StateCounts {
        let mut counts = StateCounts::default();
        for (counter, state) in self.0.iter().zip(State::ALL) {
            *counts.get_mut(state) = counter.load(Ordering::Relaxed);
        }
        counts
    }
}
