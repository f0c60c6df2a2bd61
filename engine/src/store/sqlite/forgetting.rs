//! Deleting and pruning finished tasks.

use glassworks_protocol::{State, TaskId, Timestamp};
use rusqlite::params;

use super::ledger::Ledger;
use super::rows::{Stored, code};
use crate::store::write::{Committed, Refusal};

impl Ledger<'_> {
    pub(super) fn delete(
        &mut self,
        task: TaskId,
        committed: &mut Committed,
    ) -> rusqlite::Result<Result<Option<u32>, Refusal>> {
        let Some(stored) = self.load(task)? else {
            return Ok(Err(Refusal::NotFound(task)));
        };
        if let Err(refusal) = stored.head.delete() {
            return Ok(Err(refusal));
        }
        self.forget(
            stored.row,
            task,
            stored.lane(),
            stored.head.state,
            committed,
        )?;
        Ok(Ok(None))
    }

    /// Prunes what ended before these moments, at most `limit` in all.
    pub(super) fn prune_finished(
        &mut self,
        completed_before: Timestamp,
        failed_before: Timestamp,
        limit: u32,
        committed: &mut Committed,
    ) -> rusqlite::Result<u32> {
        let mut pruned = 0;
        for (state, before) in [
            (State::Completed, completed_before),
            (State::Cancelled, completed_before),
            (State::Failed, failed_before),
        ] {
            pruned += self.prune(state, before, limit - pruned, committed)?;
        }
        Ok(pruned)
    }

    fn prune(
        &mut self,
        state: State,
        before: Timestamp,
        limit: u32,
        committed: &mut Committed,
    ) -> rusqlite::Result<u32> {
        let old: Vec<(i64, TaskId, String, String)> = self
            .statements
            .oldest_finished
            .query_map(params![code(state), before.as_millis(), limit], |row| {
                let id = row.get(1).map(|Stored(id)| id)?;
                Ok((row.get(0)?, id, row.get(2)?, row.get(3)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let mut pruned = 0;
        for (row, id, queue, kind) in old {
            self.forget(row, id, (&queue, &kind), state, committed)?;
            pruned += 1;
        }
        Ok(pruned)
    }

    pub(super) fn forget(
        &mut self,
        row: i64,
        id: TaskId,
        lane: (&str, &str),
        state: State,
        committed: &mut Committed,
    ) -> rusqlite::Result<()> {
        for delete in &mut self.statements.deletes {
            delete.execute([row])?;
        }
        self.counts.shift(lane, Some(state), None);
        committed.deleted.push(id);
        Ok(())
    }
}
