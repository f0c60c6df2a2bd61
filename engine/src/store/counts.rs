//! How many tasks there are by queue, kind and state, kept with every change so that nothing scans.
//! Pure, and the same for every store.

use std::collections::{HashMap, HashSet};

use glassworks_protocol::{State, StateCounts};

use super::admission;
use super::write::{Moves, Refusal, Served};
use crate::limits::Limits;

/// How many tasks there are by queue, kind and state, this transaction's changes among them.
#[derive(Default)]
pub(crate) struct Counts {
    by_queue: HashMap<String, Queue>,
    /// The queues in which this transaction has changed something.
    shifted: HashSet<String>,
}

/// One queue's.
#[derive(Default)]
struct Queue {
    all: StateCounts,
    /// What this transaction has done in it.
    moves: Moves,
    by_kind: HashMap<String, Kind>,
}

/// One kind's in a queue.
#[derive(Default)]
struct Kind {
    counts: StateCounts,
    /// What this transaction has changed and not yet saved.
    shifts: [i64; State::ALL.len()],
}

impl Counts {
    /// Notes that a task left one state, and entered another.
    pub(crate) fn shift(
        &mut self,
        (queue, kind): (&str, &str),
        from: Option<State>,
        to: Option<State>,
    ) {
        // Names are copied only where they are new.
        if !self.shifted.contains(queue) {
            self.shifted.insert(queue.to_owned());
        }
        if !self.by_queue.contains_key(queue) {
            self.by_queue.insert(queue.to_owned(), Queue::default());
        }
        let Some(of_queue) = self.by_queue.get_mut(queue) else {
            return;
        };
        if !of_queue.by_kind.contains_key(kind) {
            of_queue.by_kind.insert(kind.to_owned(), Kind::default());
        }
        let Some(of_kind) = of_queue.by_kind.get_mut(kind) else {
            return;
        };
        of_queue.moves.count(from, to);
        for (state, by) in [(from, -1), (to, 1)] {
            let Some(state) = state else { continue };
            for counts in [&mut of_queue.all, &mut of_kind.counts] {
                let count = counts.get_mut(state);
                *count = count.saturating_add_signed(by);
            }
            for (shift, known) in of_kind.shifts.iter_mut().zip(State::ALL) {
                if known == state {
                    *shift += by;
                }
            }
        }
    }

    /// How many tasks of `queue` are in `state`.
    pub(crate) fn get(&self, queue: &str, state: State) -> u64 {
        self.by_queue
            .get(queue)
            .map_or(0, |counts| counts.all.get(state))
    }

    /// How many tasks of `kind` in `queue` are in `state`.
    pub(crate) fn get_of_kind(&self, queue: &str, kind: &str, state: State) -> u64 {
        let queue = self.by_queue.get(queue);
        queue
            .and_then(|queue| queue.by_kind.get(kind))
            .map_or(0, |kind| kind.counts.get(state))
    }

    /// The queues that have queued tasks which are `served`, each with their kinds.
    pub(crate) fn queued(&self, served: &Served) -> Vec<(String, Vec<String>)> {
        let waiting = |queue: &Queue| -> Vec<String> {
            let waits = |kind: &&String| {
                let found = queue.by_kind.get(*kind);
                found.is_some_and(|kind| kind.counts.queued > 0)
            };
            served.kinds.iter().filter(waits).cloned().collect()
        };
        self.by_queue
            .iter()
            .filter(|(name, queue)| queue.all.queued > 0 && served.has_queue(name))
            .map(|(name, queue)| (name.clone(), waiting(queue)))
            .filter(|(_, kinds)| !kinds.is_empty())
            .collect()
    }

    /// Whether tasks of these queues, with these unique keys, may be added.
    pub(crate) fn have_room_for<'n>(
        &self,
        new: impl Iterator<Item = (&'n str, Option<&'n str>)>,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let (queues, keys): (Vec<_>, Vec<_>) = new.unzip();
        admission::fits_backlog(&keys, self.unfinished(), limits.backlog)?;
        if self.are_too_many(queues.into_iter(), limits.queues) {
            return Err(Refusal::TooManyQueues(limits.queues));
        }
        Ok(())
    }

    /// Whether tasks in the queues `named` would bring the names in use over `limit`.
    fn are_too_many<'q>(&self, named: impl Iterator<Item = &'q str>, limit: usize) -> bool {
        // A queue that this transaction has emptied is not in use any more.
        let in_use = |queue: &Queue| queue.all != StateCounts::default();
        let new: HashSet<&str> = named
            .filter(|queue| !self.by_queue.get(*queue).is_some_and(in_use))
            .collect();
        // Nearly every submit names queues that are in use: it need not count them.
        !new.is_empty()
            && self
                .by_queue
                .values()
                .filter(|counts| in_use(counts))
                .count()
                + new.len()
                > limit
    }

    /// How many tasks of all queues are in `state`.
    pub(crate) fn total(&self, state: State) -> u64 {
        let of_queues = self.by_queue.values();
        of_queues.map(|queue| queue.all.get(state)).sum()
    }

    /// Tasks in a state that is not final.
    fn unfinished(&self) -> u64 {
        self.by_queue
            .values()
            .flat_map(|queue| State::ALL.map(|state| (state, queue.all.get(state))))
            .filter(|(state, _)| !state.is_final())
            .map(|(_, count)| count)
            .sum()
    }

    /// What this transaction has changed and not yet saved, which counts as saved from now on:
    /// queue, kind, state, and by how many.
    pub(crate) fn take_shifts(&mut self) -> Vec<(String, String, State, i64)> {
        let mut taken = Vec::new();
        for queue in self.shifted.drain() {
            let Some(of_queue) = self.by_queue.get_mut(&queue) else {
                continue;
            };
            for (kind, of_kind) in &mut of_queue.by_kind {
                for (state, by) in State::ALL.into_iter().zip(of_kind.shifts) {
                    if by != 0 {
                        taken.push((queue.clone(), kind.clone(), state, by));
                    }
                }
                of_kind.shifts = Default::default();
            }
        }
        taken
    }

    /// What this transaction has done in each queue, to be told when it is committed.
    pub(crate) fn take_moves(&mut self) -> Vec<(String, Moves)> {
        let moved = self.by_queue.iter_mut();
        moved
            .filter(|(_, queue)| queue.moves != Moves::default())
            .map(|(name, queue)| (name.clone(), std::mem::take(&mut queue.moves)))
            .collect()
    }

    /// Forgets the names that no task has any more.
    pub(crate) fn drop_empty(&mut self) {
        for queue in self.by_queue.values_mut() {
            queue
                .by_kind
                .retain(|_, kind| kind.counts != StateCounts::default());
        }
        self.by_queue.retain(|_, queue| !queue.by_kind.is_empty());
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.by_queue.clear();
        self.shifted.clear();
    }

    /// Adds what is stored.
    pub(crate) fn add_stored(&mut self, queue: String, kind: String, state: State, tasks: u64) {
        let queue = self.by_queue.entry(queue).or_default();
        *queue.all.get_mut(state) += tasks;
        let kind = queue.by_kind.entry(kind).or_default();
        *kind.counts.get_mut(state) += tasks;
    }
}
