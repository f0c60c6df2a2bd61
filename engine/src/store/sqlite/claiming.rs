//! Claims and leases: who runs what, and until when.

use std::collections::HashMap;

use glassworks_protocol::{State, Timestamp};
use rusqlite::params;

use super::ledger::Ledger;
use super::rows::{self, Json, Stored, StoredHead, code};
use crate::store::write::{Claim, Claimed, Committed, Outcome, RenewedLease};

/// How many due tasks one claim moves to the queue at most; the rest follow with the next.
const PROMOTED_AT_A_TIME: u32 = 1_000;

/// What is kept as the message of an attempt that no node finished.
const LOST: &str = "the node that ran this attempt stopped before it ended";

impl Ledger<'_> {
    pub(super) fn claim(
        &mut self,
        claim: &Claim,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Outcome> {
        let due: Vec<StoredHead> = self
            .statements
            .heads_due
            .query_map(params![now.as_millis(), PROMOTED_AT_A_TIME], rows::head)?
            .collect::<rusqlite::Result<_>>()?;
        let mut more = due.len() == PROMOTED_AT_A_TIME as usize;
        for mut stored in due {
            let before = stored.head.state;
            if let Ok(effects) = stored.head.due(now) {
                self.counts
                    .shift(&stored.queue, Some(before), Some(stored.head.state));
                self.save(&stored, effects, committed)?;
            }
        }
        let mut candidates = Vec::new();
        for queue in self.counts.queues_with(State::Queued) {
            self.queues.settle(&queue, now, &mut self.statements)?;
            let allowed = self.queues.allowance(&queue, &self.counts, now);
            // One more than there is room for, to know whether any remain.
            let wanted = allowed.tasks.min(claim.room.saturating_add(1));
            let mut found: Vec<Candidate> = self
                .statements
                .heads_queued
                .query_map(params![queue, wanted], |row| {
                    Ok(Candidate::Stored(row.get(18)?, rows::head(row)?))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let fresh = self
                .fresh
                .queued(&queue)
                .map(|(place, task)| Candidate::Fresh(task.new.priority, task.head.run_at, place));
            found.extend(fresh);
            found.sort_by_key(Candidate::order);
            found.truncate(wanted as usize);
            candidates.extend(found);
        }
        candidates.sort_by_key(Candidate::order);
        more |= candidates.len() > claim.room as usize;
        candidates.truncate(claim.room as usize);
        let mut starts: HashMap<String, u32> = HashMap::new();
        let mut tasks = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let (task, queue) = match candidate {
                Candidate::Fresh(_, _, place) => {
                    let fresh = self.fresh.get_mut(place);
                    let Some(task) = fresh.claim(now, claim.lease_ms, &claim.node, committed)
                    else {
                        continue;
                    };
                    (task, fresh.new.queue.clone())
                }
                Candidate::Stored(_, mut stored) => {
                    let Ok(effects) = stored.head.claim(now, claim.lease_ms) else {
                        continue;
                    };
                    let task = self.take(&stored, &claim.node)?;
                    self.keep(stored.row, effects, committed)?;
                    let queue = stored.queue.clone();
                    self.running.insert(stored.head.id, stored);
                    (task, queue)
                }
            };
            self.counts
                .shift(&queue, Some(State::Queued), Some(State::Running));
            *starts.entry(queue).or_default() += 1;
            tasks.push(task);
        }
        for (queue, tasks) in starts {
            self.queues
                .start(&queue, tasks, now, &mut self.statements)?;
        }
        let next_due: Option<Stored<Timestamp>> =
            self.statements.next_due.query_row([], |row| row.get(0))?;
        // Asked after these starts, which may have been the last that a rate allows for now.
        let next_start = self
            .counts
            .queues_with(State::Queued)
            .iter()
            .filter_map(|queue| self.queues.allowance(queue, &self.counts, now).next)
            .min();
        Ok(Outcome::Claimed {
            tasks,
            next_due: earliest(next_due.map(|Stored(at)| at), next_start),
            more,
        })
    }

    /// Saves a claim, and reads what its run needs.
    pub(super) fn take(&mut self, stored: &StoredHead, node: &str) -> rusqlite::Result<Claimed> {
        let head = &stored.head;
        self.statements.save_claim.execute(params![
            stored.row,
            code(head.state),
            head.attempt,
            head.started_at.map(Timestamp::as_millis),
            head.lease_expires_at.map(Timestamp::as_millis),
            head.last_seq,
            node,
        ])?;
        let (payload, retry, traceparent) =
            self.statements.body_by_row.query_row([stored.row], |row| {
                let retry: Option<Json<_>> = row.get(1)?;
                Ok((row.get(0)?, retry.map(|Json(retry)| retry), row.get(2)?))
            })?;
        Ok(Claimed {
            id: head.id,
            kind: stored.kind.clone(),
            payload,
            attempt: head.attempt,
            run_at: head.run_at,
            timeout_ms: stored.timeout_ms,
            retry,
            traceparent,
            counted_attempts: head.counted_attempts(),
        })
    }

    pub(super) fn renew(
        &mut self,
        node: &str,
        until: Timestamp,
    ) -> rusqlite::Result<Vec<RenewedLease>> {
        let renewed: Vec<RenewedLease> = self
            .statements
            .renew_leases
            .query_map(params![node, until.as_millis()], |row| {
                Ok(RenewedLease {
                    id: row.get(0).map(|Stored(id)| id)?,
                    attempt: row.get(1)?,
                    cancel_requested: row.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        for lease in &renewed {
            if let Some(stored) = self.running.get_mut(&lease.id) {
                stored.head.lease_expires_at = Some(until);
            }
        }
        Ok(renewed)
    }

    pub(super) fn rescue(
        &mut self,
        expired_before: Option<Timestamp>,
        limit: u32,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<u32> {
        let before = expired_before.map_or(i64::MAX, Timestamp::as_millis);
        let lost: Vec<StoredHead> = self
            .statements
            .heads_expired
            .query_map(params![before, limit], rows::head)?
            .collect::<rusqlite::Result<_>>()?;
        let mut rescued = 0;
        for mut stored in lost {
            let Ok(effects) = stored.head.rescue(now, LOST) else {
                continue;
            };
            self.running.remove(&stored.head.id);
            self.counts
                .shift(&stored.queue, Some(State::Running), Some(stored.head.state));
            self.save(&stored, effects, committed)?;
            committed.wake = true;
            rescued += 1;
        }
        Ok(rescued)
    }
}

/// A task that a claim could take.
enum Candidate {
    /// One that is stored, with its priority.
    Stored(u8, StoredHead),
    /// One that is not stored yet: its priority, when it was due, and its place.
    Fresh(u8, Timestamp, usize),
}

impl Candidate {
    /// What comes first is claimed first. What is not stored yet was submitted last.
    fn order(&self) -> (u8, Timestamp, i64, usize) {
        match self {
            Self::Stored(priority, stored) => (*priority, stored.head.run_at, stored.row, 0),
            Self::Fresh(priority, run_at, place) => (*priority, *run_at, i64::MAX, *place),
        }
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
