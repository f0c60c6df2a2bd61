//! How many tasks there are by queue and state, kept with every change so that nothing scans.

use std::collections::{HashMap, HashSet};

use glassworks_protocol::{State, StateCounts};
use rusqlite::params;

use super::rows::{Stored, code};
use super::statements::Statements;

/// How many tasks there are by queue and state, this transaction's changes among them.
#[derive(Default)]
pub(super) struct Counts {
    by_queue: HashMap<String, StateCounts>,
    /// What this transaction has changed and not yet saved.
    shifts: HashMap<String, [i64; State::ALL.len()]>,
}

impl Counts {
    /// Notes that a task left one state, and entered another.
    pub(super) fn shift(&mut self, queue: &str, from: Option<State>, to: Option<State>) {
        if !self.by_queue.contains_key(queue) {
            self.by_queue
                .insert(queue.to_owned(), StateCounts::default());
        }
        if !self.shifts.contains_key(queue) {
            self.shifts.insert(queue.to_owned(), [0; State::ALL.len()]);
        }
        let (Some(counts), Some(shifts)) =
            (self.by_queue.get_mut(queue), self.shifts.get_mut(queue))
        else {
            return;
        };
        for (state, by) in [(from, -1), (to, 1)] {
            let Some(state) = state else { continue };
            let count = counts.get_mut(state);
            *count = count.saturating_add_signed(by);
            for (shift, known) in shifts.iter_mut().zip(State::ALL) {
                if known == state {
                    *shift += by;
                }
            }
        }
    }

    /// How many tasks of `queue` are in `state`.
    pub(super) fn get(&self, queue: &str, state: State) -> u64 {
        self.by_queue
            .get(queue)
            .map_or(0, |counts| counts.get(state))
    }

    /// The queues that have tasks in `state`.
    pub(super) fn queues_with(&self, state: State) -> Vec<String> {
        self.by_queue
            .iter()
            .filter(|(_, counts)| counts.get(state) > 0)
            .map(|(queue, _)| queue.clone())
            .collect()
    }

    /// Whether tasks in the queues `named` would bring the names in use over `limit`.
    pub(super) fn are_too_many<'q>(
        &self,
        named: impl Iterator<Item = &'q str>,
        limit: usize,
    ) -> bool {
        // A queue that this transaction has emptied is not in use any more.
        let in_use = |counts: &StateCounts| *counts != StateCounts::default();
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

    /// Tasks in a state that is not final.
    pub(super) fn unfinished(&self) -> u64 {
        self.by_queue
            .values()
            .flat_map(|counts| State::ALL.map(|state| (state, counts.get(state))))
            .filter(|(state, _)| !state.is_final())
            .map(|(_, count)| count)
            .sum()
    }

    /// Saves what this transaction has changed.
    pub(super) fn save(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        let mut emptied = false;
        for (queue, shifts) in self.shifts.drain() {
            for (state, by) in State::ALL.into_iter().zip(shifts) {
                if by != 0 {
                    statements
                        .add_count
                        .execute(params![queue, code(state), by])?;
                    emptied |= by < 0;
                }
            }
        }
        if emptied {
            statements.drop_empty_counts.execute([])?;
            self.by_queue
                .retain(|_, counts| *counts != StateCounts::default());
        }
        Ok(())
    }

    /// Forgets this transaction and reads what is stored.
    pub(super) fn read(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        self.by_queue.clear();
        self.shifts.clear();
        let mut rows = statements.all_counts.query([])?;
        while let Some(row) = rows.next()? {
            let Stored(state) = row.get(1)?;
            let counts = self.by_queue.entry(row.get(0)?).or_default();
            *counts.get_mut(state) = row.get(2)?;
        }
        Ok(())
    }
}
