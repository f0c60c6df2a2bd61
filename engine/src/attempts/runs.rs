//! The attempts that this node is making now.

use std::collections::HashMap;

use glassworks_protocol::TaskId;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// How a run is told to stop, and tells that it has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// Somebody asked for it, or the node shuts down: stop soon.
    pub(crate) stop: CancellationToken,
    /// The task is not this attempt's any more: stop at once, nothing will be kept.
    pub(crate) lost: CancellationToken,
    /// Its handler has ended.
    pub(crate) ended: CancellationToken,
}

/// An attempt that is about to be made.
#[derive(Debug)]
pub(crate) struct Added {
    /// How it is told to stop.
    pub(crate) signals: Signals,
    /// Cancelled once an earlier attempt of the same task has ended, which this one replaces. It
    /// has been told to stop, and this one must not begin beside it.
    pub(crate) after: Option<CancellationToken>,
}

/// The attempts that this node is making now.
#[derive(Default)]
pub(crate) struct Runs {
    running: Mutex<HashMap<TaskId, (u32, Signals)>>,
}

impl Runs {
    pub(crate) fn add(&self, task: TaskId, attempt: u32) -> Added {
        let signals = Signals::default();
        let replaced = self.running.lock().insert(task, (attempt, signals.clone()));
        let after = replaced.map(|(_, replaced)| {
            replaced.lost.cancel();
            replaced.ended
        });
        Added { signals, after }
    }

    /// Whether it was there.
    pub(crate) fn remove(&self, task: TaskId, attempt: u32) -> bool {
        let mut running = self.running.lock();
        let there = running.get(&task).is_some_and(|(now, _)| *now == attempt);
        if there {
            running.remove(&task);
        }
        there
    }

    /// Asks one attempt to stop, if it runs here.
    pub(crate) fn stop(&self, task: TaskId, attempt: u32) {
        if let Some((now, signals)) = self.running.lock().get(&task)
            && *now == attempt
        {
            signals.stop.cancel();
        }
    }

    /// Asks whichever attempt of a task runs here to stop.
    pub(crate) fn stop_any(&self, task: TaskId) {
        if let Some((_, signals)) = self.running.lock().get(&task) {
            signals.stop.cancel();
        }
    }

    /// Ends what the store says this node does not run any more. `held` says so of an attempt.
    pub(crate) fn drop_lost(&self, held: impl Fn(TaskId, u32) -> bool) {
        for (task, (attempt, signals)) in self.running.lock().iter() {
            if !held(*task, *attempt) {
                signals.lost.cancel();
            }
        }
    }

    /// The attempts that were running at the moment of the call.
    pub(crate) fn list(&self) -> Vec<(TaskId, u32)> {
        self.running
            .lock()
            .iter()
            .map(|(task, (attempt, _))| (*task, *attempt))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.running.lock().len()
    }

    /// How many there would be without the attempts in `ended`, each named once.
    pub(crate) fn len_without(&self, ended: impl Iterator<Item = (TaskId, u32)>) -> usize {
        let running = self.running.lock();
        let over = ended
            .filter(|(task, attempt)| running.get(task).is_some_and(|(now, _)| now == attempt))
            .count();
        running.len() - over
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::TaskId;
    use uuid::Uuid;

    use super::Runs;

    #[test]
    fn an_attempt_that_another_replaces_is_stopped_and_waited_for() {
        let runs = Runs::default();
        let task = TaskId(Uuid::now_v7());
        let first = runs.add(task, 1);
        assert!(first.after.is_none());
        let second = runs.add(task, 2);
        assert!(first.signals.lost.is_cancelled());
        assert!(!second.signals.lost.is_cancelled());
        let after = second.after.unwrap();
        assert!(!after.is_cancelled());
        first.signals.ended.cancel();
        assert!(after.is_cancelled());
        assert!(!runs.remove(task, 1), "the second has its place");
        assert_eq!(runs.list(), [(task, 2)]);
    }
}
