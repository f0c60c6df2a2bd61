//! Claims and leases: who runs what, and until when.

use std::collections::{HashMap, HashSet};

use glassworks_protocol::{RetryPolicy, State, TaskId, Timestamp};
use rusqlite::params;

use super::ledger::Ledger;
use super::rows::{self, Json, Stored, StoredHead, code};
use crate::store::decision;
use crate::store::write::{Claim, Claimed, Committed, Lease, Lost, Outcome, RenewedLease};

/// How many due tasks one claim moves to the queue at most; the rest follow with the next.
const PROMOTED_AT_A_TIME: u32 = 1_000;

impl Ledger<'_> {
    pub(super) fn claim(
        &mut self,
        claim: &Claim,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Outcome> {
        if let Some(remote) = &claim.remote {
            self.store_fresh(committed)?;
            let tasks = self.claimed_before(remote, &claim.node, now)?;
            if !tasks.is_empty() {
                return Ok(Outcome::Claimed {
                    tasks,
                    next_due: None,
                    more: true,
                });
            }
        }
        let mut more = self.promote(now, committed)?;
        let mut candidates = self.candidates(claim, now)?;
        candidates.sort_by_key(Candidate::order);
        more |= candidates.len() > claim.room as usize;
        candidates.truncate(claim.room as usize);
        let mut starts: HashMap<String, u32> = HashMap::new();
        let mut tasks = Vec::with_capacity(candidates.len());
        let most_bytes = claim.remote.as_ref().map_or(u64::MAX, |it| it.max_bytes);
        let mut bytes = 0;
        for candidate in candidates {
            if bytes >= most_bytes {
                more = true;
                break;
            }
            let task = match candidate {
                Candidate::Fresh(_, _, place) => {
                    let fresh = self.fresh.get_mut(place);
                    let Some(task) = fresh.claim(claim, now, committed) else {
                        continue;
                    };
                    self.counts.shift(
                        (&fresh.new.queue, &fresh.new.kind),
                        Some(State::Queued),
                        Some(State::Running),
                    );
                    *starts.entry(fresh.new.queue.clone()).or_default() += 1;
                    task
                }
                Candidate::Stored(_, mut stored) => {
                    let retry = match claim.remote {
                        Some(_) => self.retry_of(stored.row)?,
                        None => None,
                    };
                    let of_task = (stored.timeout_ms, retry);
                    let Ok((effects, lease)) = claim.start(&mut stored.head, of_task, now) else {
                        continue;
                    };
                    let task = self.take(&stored, &claim.node, lease)?;
                    self.keep(stored.row, effects, committed)?;
                    if stored.head.remote.is_some() {
                        self.save_remote(&stored)?;
                    }
                    self.counts
                        .shift(stored.lane(), Some(State::Queued), Some(State::Running));
                    *starts.entry(stored.queue.clone()).or_default() += 1;
                    self.running.insert(stored.head.id, *stored);
                    task
                }
            };
            bytes += task.payload.len() as u64;
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
            .queued(&claim.served)
            .iter()
            .filter_map(|(queue, _)| self.queues.allowance(queue, &self.counts, now).next)
            .min();
        Ok(Outcome::Claimed {
            tasks,
            next_due: earliest(next_due.map(|Stored(at)| at), next_start),
            more,
        })
    }

    /// Queues what is due. Whether there may be more of it.
    fn promote(&mut self, now: Timestamp, committed: &mut Committed) -> rusqlite::Result<bool> {
        let misset: Vec<StoredHead> = self
            .statements
            .heads_misset
            .query_map(params![now.as_millis(), PROMOTED_AT_A_TIME], rows::head)?
            .collect::<rusqlite::Result<_>>()?;
        for mut stored in misset {
            let effects = stored.head.resettle(now);
            self.save(&stored, effects, committed)?;
        }
        let due: Vec<StoredHead> = self
            .statements
            .heads_due
            .query_map(params![now.as_millis(), PROMOTED_AT_A_TIME], rows::head)?
            .collect::<rusqlite::Result<_>>()?;
        let more = due.len() == PROMOTED_AT_A_TIME as usize;
        // Whoever waits for work of another sort than this claim's may find some.
        committed.wake |= !due.is_empty();
        for mut stored in due {
            let before = stored.head.state;
            if let Ok(effects) = stored.head.due(now) {
                self.counts
                    .shift(stored.lane(), Some(before), Some(stored.head.state));
                self.save(&stored, effects, committed)?;
            }
        }
        Ok(more)
    }

    /// What each queue lets start now, in its order: one more in all than there is room for, where
    /// there is more.
    fn candidates(&mut self, claim: &Claim, now: Timestamp) -> rusqlite::Result<Vec<Candidate>> {
        let mut candidates = Vec::new();
        let queued = self.counts.queued(&claim.served);
        for (queue, kinds) in &queued {
            self.queues.settle(queue, now, &mut self.statements)?;
            let allowed = self.queues.allowance(queue, &self.counts, now);
            // One more than there is room for, to know whether any remain.
            let wanted = allowed.tasks.min(claim.room.saturating_add(1));
            let mut found = Vec::new();
            for kind in kinds {
                let stored = self.statements.heads_queued.query_map(
                    params![queue, kind, wanted],
                    |row| {
                        Ok(Candidate::Stored(
                            row.get(rows::PRIORITY)?,
                            Box::new(rows::head(row)?),
                        ))
                    },
                )?;
                for candidate in stored {
                    found.push(candidate?);
                }
            }
            let fresh = self
                .fresh
                .queued(queue, kinds)
                .map(|(place, task)| Candidate::Fresh(task.new.priority, task.head.run_at, place));
            found.extend(fresh);
            found.sort_by_key(Candidate::order);
            found.truncate(wanted as usize);
            candidates.extend(found);
        }
        Ok(candidates)
    }

    /// Saves a claim, and reads what its run needs.
    fn take(
        &mut self,
        stored: &StoredHead,
        node: &str,
        lease: Option<Lease>,
    ) -> rusqlite::Result<Claimed> {
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
        self.claimed(stored, lease)
    }

    /// What the run of a claimed task needs.
    pub(super) fn claimed(
        &mut self,
        stored: &StoredHead,
        lease: Option<Lease>,
    ) -> rusqlite::Result<Claimed> {
        let head = &stored.head;
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
            lease,
        })
    }

    fn retry_of(&mut self, row: i64) -> rusqlite::Result<Option<RetryPolicy>> {
        let retry: Option<Json<_>> = self
            .statements
            .body_by_row
            .query_row([row], |row| row.get(1))?;
        Ok(retry.map(|Json(retry)| retry))
    }

    pub(super) fn renew(
        &mut self,
        attempts: &[(TaskId, u32)],
        lease_ms: u64,
        now: Timestamp,
    ) -> rusqlite::Result<Vec<RenewedLease>> {
        let mut renewed = Vec::with_capacity(attempts.len());
        for (id, attempt) in attempts {
            let Some(mut stored) = self.load(*id)? else {
                continue;
            };
            if stored.head.renew(now, *attempt, lease_ms).is_err() {
                continue;
            }
            let until = stored.head.lease_expires_at.map(Timestamp::as_millis);
            self.statements
                .renew_lease
                .execute(params![stored.row, until])?;
            renewed.push(RenewedLease {
                id: *id,
                attempt: *attempt,
                cancel_requested: stored.head.cancel_requested,
            });
            self.running.insert(*id, stored);
        }
        Ok(renewed)
    }

    pub(super) fn rescue(
        &mut self,
        lost: &Lost,
        limit: u32,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<u32> {
        let (before, lease_ms, held) = match lost {
            Lost::All => (i64::MAX, None, &[][..]),
            Lost::Expired { lease_ms, held } => (now.as_millis(), Some(*lease_ms), &held[..]),
            Lost::Remote { roll } => return self.rescue_remote(*roll, limit, now, committed),
        };
        let held: HashSet<(TaskId, u32)> = held.iter().copied().collect();
        let wanted = limit.saturating_add(u32::try_from(held.len()).unwrap_or(u32::MAX));
        let found: Vec<(StoredHead, Option<String>)> = self
            .statements
            .heads_expired
            .query_map(params![before, wanted], |row| {
                Ok((rows::head(row)?, row.get(rows::NODE)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let lost = found
            .into_iter()
            .filter(|(stored, _)| !held.contains(&(stored.head.id, stored.head.attempt)))
            .take(limit as usize);
        let mut rescued = 0;
        for (mut stored, node) in lost {
            let silent_ms = lease_ms.and_then(|lease_ms| stored.head.silent_ms(now, lease_ms));
            let message = decision::lost(node.as_deref(), silent_ms);
            let Ok(effects) = stored.head.rescue(now, &message) else {
                continue;
            };
            self.running.remove(&stored.head.id);
            self.counts
                .shift(stored.lane(), Some(State::Running), Some(stored.head.state));
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
    Stored(u8, Box<StoredHead>),
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
