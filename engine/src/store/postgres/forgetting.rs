//! Pruning finished tasks, and keys of requests.

use glassworks_protocol::{State, Timestamp};

use super::batch::Batch;
use super::fault::Failed;
use super::rows;
use crate::store::codes;

impl Batch<'_> {
    pub(super) async fn prune(
        &mut self,
        completed_ms: u64,
        failed_ms: u64,
        limit: u32,
    ) -> Result<u32, Failed> {
        let mut pruned = 0;
        for (state, age_ms) in [
            (State::Completed, completed_ms),
            (State::Cancelled, completed_ms),
            (State::Failed, failed_ms),
        ] {
            self.flush(true).await?;
            let (client, its) = (&self.connected.client, &self.connected.statements);
            let (before, left) = (self.before(age_ms).as_millis(), i64::from(limit - pruned));
            let found = client
                .query(&its.heads_finished, &[&codes::code(state), &before, &left])
                .await?;
            for row in &found {
                let stored = rows::head(row)?;
                let id = stored.head.id;
                self.heads.insert(id, stored);
                self.forget(id);
                pruned += 1;
            }
        }
        Ok(pruned)
    }

    pub(super) async fn prune_requests(
        &mut self,
        accepted_ms: u64,
        limit: u32,
    ) -> Result<u32, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let before = self.before(accepted_ms).as_millis();
        let pruned = client
            .query(&its.prune_requests, &[&before, &i64::from(limit)])
            .await?;
        // A later write of this batch may bring one of these keys, which is a new request then.
        for row in &pruned {
            self.requests.remove(rows::get::<&str>(row, 0)?);
        }
        Ok(u32::try_from(pruned.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn before(&self, age_ms: u64) -> Timestamp {
        self.now
            .plus_millis(-i64::try_from(age_ms).unwrap_or(i64::MAX))
    }
}
