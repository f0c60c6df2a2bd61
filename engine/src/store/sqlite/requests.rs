//! Requests that may be sent again: by which keys they are known, and what answered them.

use glassworks_protocol::{TaskId, Timestamp};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::ledger::Ledger;
use crate::store::write::{Accepted, Committed, NewRow, Refusal, RequestKey};

/// Bytes of an id.
const ID: usize = 16;

impl Ledger<'_> {
    pub(super) fn submit_once(
        &mut self,
        rows: Vec<NewRow>,
        request: &RequestKey,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Result<Vec<Accepted>, Refusal>> {
        if let Some((fingerprint, tasks)) = self.request(&request.key)? {
            return Ok(if fingerprint == request.fingerprint {
                Ok(tasks.into_iter().map(Accepted::Replayed).collect())
            } else {
                Err(Refusal::KeyReused)
            });
        }
        let submitted = self.submit(rows, now, committed)?;
        if let Ok(accepted) = &submitted {
            let tasks: Vec<u8> = accepted
                .iter()
                .flat_map(|accepted| accepted.id().0.into_bytes())
                .collect();
            self.statements.save_request.execute(params![
                request.key,
                request.fingerprint,
                tasks,
                now.as_millis(),
            ])?;
        }
        Ok(submitted)
    }

    /// What a known request asked for, and the tasks that answered it.
    fn request(&mut self, key: &str) -> rusqlite::Result<Option<([u8; 32], Vec<TaskId>)>> {
        self.statements
            .request_by_key
            .query_row([key], |row| {
                let tasks: Vec<u8> = row.get(1)?;
                let (ids, _) = tasks.as_chunks::<ID>();
                let ids = ids.iter().map(|id| TaskId(Uuid::from_bytes(*id)));
                Ok((row.get(0)?, ids.collect()))
            })
            .optional()
    }

    pub(super) fn prune_requests(
        &mut self,
        accepted_before: Timestamp,
        limit: u32,
    ) -> rusqlite::Result<u32> {
        let pruned = self
            .statements
            .prune_requests
            .execute(params![accepted_before.as_millis(), limit])?;
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }
}
