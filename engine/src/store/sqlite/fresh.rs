//! Tasks that this transaction has accepted and not yet stored.
//!
//! Most tasks are claimed by the batch that accepts them. They are stored once, as the claim leaves
//! them, and not first as queued and then again as running: that spares a third of the statements
//! and never touches the index of queued tasks.

use glassworks_protocol::{Event, State, Timestamp};

use super::ledger::Ledger;
use super::rows::StoredHead;
use crate::store::decision::Head;
use crate::store::write::{Claim, Claimed, Committed, NewRow};

/// Tasks that this transaction has accepted and not yet stored, in the order of submission.
#[derive(Default)]
pub(super) struct Fresh(Vec<Unstored>);

/// One of them.
pub(super) struct Unstored {
    pub(super) new: NewRow,
    pub(super) head: Head,
    /// Where its events stand among those of the batch.
    events: Vec<usize>,
    /// The node that has claimed it.
    pub(super) node: Option<String>,
}

impl Fresh {
    /// Adds one, and its first events to those of the batch.
    pub(super) fn add(
        &mut self,
        new: NewRow,
        head: Head,
        events: Vec<Event>,
        committed: &mut Committed,
    ) {
        let mut task = Unstored {
            new,
            head,
            events: Vec::new(),
            node: None,
        };
        task.tell(events, committed);
        self.0.push(task);
    }

    /// Forgets them: their transaction was undone.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn get_mut(&mut self, place: usize) -> &mut Unstored {
        &mut self.0[place]
    }

    /// Those of `queue` and of the `kinds` that could be claimed, by their places.
    pub(super) fn queued<'f>(
        &'f self,
        queue: &'f str,
        kinds: &'f [String],
    ) -> impl Iterator<Item = (usize, &'f Unstored)> {
        self.0.iter().enumerate().filter(move |(_, task)| {
            task.head.state == State::Queued
                && task.new.queue == queue
                && kinds.contains(&task.new.kind)
        })
    }
}

impl Unstored {
    /// Claims it, and says what its run needs.
    pub(super) fn claim(
        &mut self,
        claim: &Claim,
        now: Timestamp,
        committed: &mut Committed,
    ) -> Option<Claimed> {
        let of_task = (self.new.timeout_ms, self.new.retry);
        let (effects, lease) = claim.start(&mut self.head, of_task, now).ok()?;
        self.tell(effects.events, committed);
        self.node = Some(claim.node.clone());
        Some(Claimed {
            id: self.new.id,
            kind: self.new.kind.clone(),
            payload: self.new.payload.clone(),
            attempt: self.head.attempt,
            run_at: self.head.run_at,
            timeout_ms: self.new.timeout_ms,
            retry: self.new.retry,
            traceparent: self.new.traceparent.clone(),
            counted_attempts: self.head.counted_attempts(),
            lease,
        })
    }

    fn tell(&mut self, events: Vec<Event>, committed: &mut Committed) {
        let first = committed.events.len();
        self.events.extend(first..first + events.len());
        committed.events.extend(events);
    }
}

impl Ledger<'_> {
    /// Stores what was accepted and not yet stored.
    pub(super) fn store_fresh(&mut self, committed: &Committed) -> rusqlite::Result<()> {
        for task in std::mem::take(&mut self.fresh.0) {
            let row = self.insert(&task)?;
            for place in &task.events {
                self.insert_event(row, &committed.events[*place])?;
            }
            if task.head.state == State::Running {
                let stored = StoredHead {
                    row,
                    kind: task.new.kind,
                    queue: task.new.queue,
                    timeout_ms: task.new.timeout_ms,
                    head: task.head,
                };
                if stored.head.remote.is_some() {
                    self.save_remote(&stored)?;
                }
                self.running.insert(stored.head.id, stored);
            }
        }
        Ok(())
    }
}
