//! The attempts that this node is making now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use glassworks_protocol::TaskId;
use tokio_util::sync::CancellationToken;

/// How a run is told to stop.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    /// Somebody asked for it, or the node shuts down: stop soon.
    pub(crate) stop: CancellationToken,
    /// The task is not this attempt's any more: stop at once, nothing will be kept.
    pub(crate) lost: CancellationToken,
}

/// The attempts that this node is making now.
#[derive(Default)]
pub(crate) struct Runs {
    running: Mutex<HashMap<TaskId, (u32, Signals)>>,
}

impl Runs {
    pub(crate) fn add(&self, task: TaskId, attempt: u32) -> Signals {
        let signals = Signals {
            stop: CancellationToken::new(),
            lost: CancellationToken::new(),
        };
        self.lock().insert(task, (attempt, signals.clone()));
        signals
    }

    /// Whether it was there.
    pub(crate) fn remove(&self, task: TaskId, attempt: u32) -> bool {
        let mut running = self.lock();
        let there = running.get(&task).is_some_and(|(now, _)| *now == attempt);
        if there {
            running.remove(&task);
        }
        there
    }

    /// Asks one attempt to stop, if it runs here.
    pub(crate) fn stop(&self, task: TaskId, attempt: u32) {
        if let Some((now, signals)) = self.lock().get(&task)
            && *now == attempt
        {
            signals.stop.cancel();
        }
    }

    /// Ends what the store says this node does not run any more. `held` says so of an attempt.
    pub(crate) fn drop_lost(&self, held: impl Fn(TaskId, u32) -> bool) {
        for (task, (attempt, signals)) in self.lock().iter() {
            if !held(*task, *attempt) {
                signals.lost.cancel();
            }
        }
    }

    /// The attempts that were running at the moment of the call.
    pub(crate) fn list(&self) -> Vec<(TaskId, u32)> {
        self.lock()
            .iter()
            .map(|(task, (attempt, _))| (*task, *attempt))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// How many there would be without the attempts in `ended`, each named once.
    pub(crate) fn len_without(&self, ended: impl Iterator<Item = (TaskId, u32)>) -> usize {
        let running = self.lock();
        let over = ended
            .filter(|(task, attempt)| running.get(task).is_some_and(|(now, _)| now == attempt))
            .count();
        running.len() - over
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, (u32, Signals)>> {
        // The map is whole between any two statements.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
