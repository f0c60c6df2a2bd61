//! Attempts that workers make over HTTP, and the kinds that they offer.

use glassworks_protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ledger::Ledger;
use super::rows::{self, Json, Stored, StoredHead, json};
use super::sql;
use crate::store::OfferedKind;
use crate::store::remote::{Remote, RemoteClaim, Report, Reported};
use crate::store::write::{Claimed, Committed, Lease, Offer, Refusal};

impl Ledger<'_> {
    /// The tasks that the same request has claimed before, and that are still its.
    pub(super) fn claimed_before(
        &mut self,
        claim: &RemoteClaim,
        worker: &str,
        now: Timestamp,
    ) -> rusqlite::Result<Vec<Claimed>> {
        let rows: Vec<i64> = self
            .statements
            .remote_by_request
            .query_map([claim.fingerprint(worker)], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(stored) = self.load_row(row)? else {
                continue;
            };
            let Some(remote) = stored.head.remote.as_deref() else {
                continue;
            };
            if !stored.head.is_remote() {
                continue;
            }
            let token = claim.lease(&remote.salt, stored.head.id, stored.head.attempt);
            let left = stored
                .head
                .lease_expires_at
                .map(|expires| expires.millis_since(now));
            let lease = Lease {
                token,
                left_ms: left.and_then(|left| u64::try_from(left).ok()).unwrap_or(0),
            };
            tasks.push(self.claimed(&stored, Some(lease))?);
        }
        Ok(tasks)
    }

    pub(super) fn report(
        &mut self,
        reports: Vec<Report>,
        lease_ms: u64,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Vec<Reported>> {
        let mut answers = Vec::with_capacity(reports.len());
        for report in reports {
            answers.push(self.report_one(report, lease_ms, now, committed)?);
        }
        Ok(answers)
    }

    fn report_one(
        &mut self,
        report: Report,
        lease_ms: u64,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Reported> {
        let Some(mut stored) = self.load(report.task)? else {
            return Ok(Reported::LOST);
        };
        let before = stored.head.clone();
        let decided = stored.head.report(now, report, lease_ms, &self.limits);
        let Ok((effects, reported)) = decided else {
            return Ok(Reported::LOST);
        };
        if stored.head == before {
            return Ok(reported);
        }
        if stored.head.state == before.state {
            self.statements.save_log.execute(params![
                stored.row,
                stored.head.last_seq,
                rows::log(&stored.head.log)?,
            ])?;
            let until = stored.head.lease_expires_at.map(Timestamp::as_millis);
            self.statements
                .renew_lease
                .execute(params![stored.row, until])?;
            self.save_remote(&stored)?;
            self.keep(stored.row, effects, committed)?;
            self.running.insert(stored.head.id, stored);
        } else {
            self.counts
                .shift(stored.lane(), Some(before.state), Some(stored.head.state));
            committed.wake |= !stored.head.state.is_final();
            self.save(&stored, effects, committed)?;
            self.save_remote(&stored)?;
            self.running.remove(&stored.head.id);
        }
        Ok(reported)
    }

    /// Ends remote attempts whose lease has expired, or whose time is over.
    pub(super) fn rescue_remote(
        &mut self,
        roll: f64,
        limit: u32,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<u32> {
        let due: Vec<i64> = self
            .statements
            .remote_due
            .query_map(params![now.as_millis(), limit], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut ended = 0;
        for row in due {
            let found = self
                .statements
                .head_by_row
                .query_row([row], |row| Ok((rows::head(row)?, row.get(rows::NODE)?)))
                .optional()?;
            let Some((mut stored, worker)): Option<(StoredHead, Option<String>)> = found else {
                self.statements.delete_remote.execute([row])?;
                continue;
            };
            stored.head.remote = self.remote(row)?;
            let before = stored.head.state;
            let decided = stored
                .head
                .end_remote(now, worker.as_deref(), roll, &self.limits);
            let Ok(effects) = decided else {
                // Another attempt has taken its place.
                self.statements.delete_remote.execute([row])?;
                continue;
            };
            self.running.remove(&stored.head.id);
            self.counts
                .shift(stored.lane(), Some(before), Some(stored.head.state));
            self.save(&stored, effects, committed)?;
            self.save_remote(&stored)?;
            committed.wake = true;
            ended += 1;
        }
        Ok(ended)
    }

    /// Stores what is known of the latest attempt as a remote one.
    pub(super) fn save_remote(&mut self, stored: &StoredHead) -> rusqlite::Result<()> {
        let Some(remote) = stored.head.remote.as_deref() else {
            self.statements.delete_remote.execute([stored.row])?;
            return Ok(());
        };
        let due_at = remote.due_at(stored.head.lease_expires_at);
        self.statements.save_remote.execute(params![
            stored.row,
            remote.attempt,
            remote.request,
            remote.salt,
            remote.lease,
            remote.lease_ms,
            remote.output_bytes,
            remote.timeout_ms,
            remote.limit_at.as_millis(),
            remote.ends_at.as_millis(),
            remote.retry.as_ref().map(json).transpose()?,
            remote.ended,
            due_at.map(Timestamp::as_millis),
        ])?;
        Ok(())
    }

    /// What is known of a task's latest attempt as a remote one.
    pub(super) fn remote(&mut self, row: i64) -> rusqlite::Result<Option<Box<Remote>>> {
        self.statements
            .remote_by_row
            .query_row([row], remote)
            .optional()
    }

    fn load_row(&mut self, row: i64) -> rusqlite::Result<Option<StoredHead>> {
        let found = self
            .statements
            .head_by_row
            .query_row([row], rows::head)
            .optional()?;
        let Some(mut stored) = found else {
            return Ok(None);
        };
        stored.head.remote = self.remote(row)?;
        Ok(Some(stored))
    }

    pub(super) fn offer(
        &mut self,
        offers: &[Offer],
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        let mut new = 0;
        for offer in offers {
            new += usize::from(!self.statements.kind_exists.exists([&offer.kind])?);
        }
        let known: usize = self
            .statements
            .count_kinds
            .query_row([], |row| row.get(0))?;
        if new > 0 && known + new > self.limits.kinds {
            return Ok(Err(Refusal::TooManyKinds(self.limits.kinds)));
        }
        for offer in offers {
            self.statements.save_kind.execute(params![
                offer.kind,
                offer.schema,
                offer.description,
                offer.worker,
                now.as_millis(),
            ])?;
        }
        Ok(Ok(()))
    }
}

fn remote(row: &Row<'_>) -> rusqlite::Result<Box<Remote>> {
    let retry: Option<Json<_>> = row.get(9)?;
    let Stored(limit_at): Stored<Timestamp> = row.get(7)?;
    let Stored(ends_at): Stored<Timestamp> = row.get(8)?;
    Ok(Box::new(Remote {
        attempt: row.get(0)?,
        request: row.get(1)?,
        salt: row.get(2)?,
        lease: row.get(3)?,
        lease_ms: row.get(4)?,
        output_bytes: row.get(5)?,
        timeout_ms: row.get(6)?,
        limit_at,
        ends_at,
        retry: retry.map(|Json(retry)| retry),
        ended: row.get(10)?,
    }))
}

/// Every kind that a worker has offered, by name.
pub(super) fn kinds(connection: &Connection) -> rusqlite::Result<Vec<OfferedKind>> {
    let mut statement = connection.prepare_cached(sql::ALL_KINDS)?;
    let kinds = statement.query_map([], |row| {
        let Stored(offered_at) = row.get(4)?;
        Ok(OfferedKind {
            offer: Offer {
                kind: row.get(0)?,
                schema: row.get(1)?,
                description: row.get(2)?,
                worker: row.get(3)?,
            },
            offered_at,
        })
    })?;
    kinds.collect()
}

/// How many tasks of each kind are queued.
pub(super) fn queued_by_kind(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare_cached(sql::QUEUED_BY_KIND)?;
    let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    counts.collect()
}

/// When a remote attempt has to be looked after next.
pub(super) fn next_end(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let next: Option<Stored<Timestamp>> = connection
        .prepare_cached(sql::NEXT_REMOTE_END)?
        .query_row([], |row| row.get(0))?;
    Ok(next.map(|Stored(at)| at))
}
