//! What is done now and then: renewing leases, taking back lost tasks, forgetting old ones.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{TaskId, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::attempts::runs::Runs;
use crate::journal::Journal;
use crate::limits::Retention;
use crate::store::{Outcome, Write};

/// Leases are renewed when a third of their time is over, so two renewals may fail.
const RENEWALS_PER_LEASE: u32 = 3;
/// How often finished tasks are pruned.
const PRUNE_EVERY: Duration = Duration::from_mins(1);
/// Tasks pruned in one write: few enough that nobody behind it waits noticeably.
const PRUNED_AT_A_TIME: u32 = 100;
/// How long a request is known by its key: a client that has not sent it again in a day has
/// given up.
const REQUESTS_KEPT: Duration = Duration::from_hours(24);
/// Lost tasks taken back in one write.
const RESCUED_AT_A_TIME: u32 = 1_000;

/// What housekeeping works with.
pub(crate) struct Housekeeping {
    pub(crate) journal: Journal,
    pub(crate) runs: Arc<Runs>,
    pub(crate) node: String,
    pub(crate) lease: Duration,
    pub(crate) retention: Retention,
    pub(crate) stop: CancellationToken,
}

impl Housekeeping {
    /// Keeps house until it is told to stop.
    pub(crate) async fn run(self) {
        let mut renew = tokio::time::interval(self.lease / RENEWALS_PER_LEASE);
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        // A machine that slept needs one round, not all those it missed.
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = renew.tick() => {
                    // Renewed first: after a pause our own leases may look expired.
                    self.renew().await;
                    self.rescue().await;
                }
                _ = prune.tick() => self.prune().await,
            }
        }
    }

    /// Renews every lease of this node in one write, and stops what is no longer its own.
    async fn renew(&self) {
        let running = self.runs.list();
        if running.is_empty() {
            return;
        }
        let lease = i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX);
        let write = Write::Renew {
            node: self.node.clone(),
            lease_expires_at: Timestamp::now().plus_millis(lease),
        };
        let Ok(Outcome::Renewed(leases)) = self.journal.commit(write).await else {
            return;
        };
        for lease in leases.iter().filter(|lease| lease.cancel_requested) {
            self.runs.stop(lease.id, lease.attempt);
        }
        let held: HashSet<(TaskId, u32)> = leases
            .into_iter()
            .map(|lease| (lease.id, lease.attempt))
            .collect();
        // What started since the list was made is not in question.
        let asked: HashSet<(TaskId, u32)> = running.into_iter().collect();
        self.runs.drop_lost(|task, attempt| {
            held.contains(&(task, attempt)) || !asked.contains(&(task, attempt))
        });
    }

    /// Takes back tasks whose node stopped renewing their leases.
    async fn rescue(&self) {
        let write = Write::Rescue {
            expired_before: Some(Timestamp::now()),
            limit: RESCUED_AT_A_TIME,
        };
        if let Ok(Outcome::Rescued(count @ 1..)) = self.journal.commit(write).await {
            tracing::warn!(count, "took back tasks whose lease had expired");
        }
    }

    /// Forgets finished tasks, and keys of requests, that are old enough, a few at a time.
    async fn prune(&self) {
        self.prune_by(|| Write::Prune {
            completed_before: before(self.retention.completed),
            failed_before: before(self.retention.failed),
            limit: PRUNED_AT_A_TIME,
        })
        .await;
        self.prune_by(|| Write::PruneRequests {
            accepted_before: before(REQUESTS_KEPT),
            limit: PRUNED_AT_A_TIME,
        })
        .await;
    }

    async fn prune_by(&self, write: impl Fn() -> Write) {
        while let Ok(Outcome::Pruned(PRUNED_AT_A_TIME)) = self.journal.commit(write()).await
            && !self.stop.is_cancelled()
        {}
    }
}

fn before(age: Duration) -> Timestamp {
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp::now().plus_millis(-millis)
}

/// Takes back every running task: for a start on a store that only one process can use.
pub(crate) async fn recover(journal: &Journal) -> Result<u32, crate::Error> {
    let mut recovered = 0;
    loop {
        let write = Write::Rescue {
            expired_before: None,
            limit: RESCUED_AT_A_TIME,
        };
        match journal.commit(write).await? {
            Outcome::Rescued(0) => return Ok(recovered),
            Outcome::Rescued(count) => recovered += count,
            _ => return Ok(recovered),
        }
    }
}
