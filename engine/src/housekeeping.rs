//! What is done now and then: renewing leases, taking back lost tasks, forgetting old ones.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::TaskId;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::access::{Directory, SESSION_IDLE};
use crate::attempts::runs::Runs;
use crate::journal::Journal;
use crate::limits::Retention;
use crate::store::{Lost, Outcome, Write};

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
    pub(crate) lease: Duration,
    pub(crate) retention: Retention,
    /// Told when attempts of this node may have been asked to stop elsewhere.
    pub(crate) in_question: Arc<Notify>,
    pub(crate) access: Arc<Directory>,
    pub(crate) stop: CancellationToken,
}

impl Housekeeping {
    /// Keeps house until it is told to stop.
    pub(crate) async fn run(self) {
        // Apart, so that forgetting never holds up a renewal.
        tokio::join!(self.keep_leases(), self.keep_forgetting());
    }

    async fn keep_leases(&self) {
        let mut renew = tokio::time::interval(self.lease / RENEWALS_PER_LEASE);
        // A machine that slept needs one round, not all those it missed.
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = renew.tick() => {}
                () = self.in_question.notified() => {}
            }
            // Only who has just heard that its own leases hold may take back others'.
            if self.renew().await {
                self.rescue().await;
            }
        }
    }

    async fn keep_forgetting(&self) {
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.stop.run_until_cancelled(prune.tick()).await.is_some() {
            self.note_use().await;
            self.prune().await;
        }
    }

    /// Renews the lease of every attempt of this node in one write, and stops what is no longer its
    /// own. Whether the store answered.
    async fn renew(&self) -> bool {
        let attempts = self.runs.list();
        if attempts.is_empty() {
            return true;
        }
        let write = Write::Renew {
            attempts: attempts.clone(),
            lease_ms: millis(self.lease),
        };
        let Ok(Outcome::Renewed(leases)) = self.journal.commit(write).await else {
            return false;
        };
        for lease in leases.iter().filter(|lease| lease.cancel_requested) {
            self.runs.stop(lease.id, lease.attempt);
        }
        let held: HashSet<(TaskId, u32)> = leases
            .into_iter()
            .map(|lease| (lease.id, lease.attempt))
            .collect();
        // What started since the list was made is not in question.
        let asked: HashSet<(TaskId, u32)> = attempts.into_iter().collect();
        self.runs.drop_lost(|task, attempt| {
            held.contains(&(task, attempt)) || !asked.contains(&(task, attempt))
        });
        true
    }

    /// Takes back tasks whose node stopped renewing their leases.
    async fn rescue(&self) {
        let write = Write::Rescue {
            lost: Lost::Expired {
                lease_ms: millis(self.lease),
                held: self.runs.list(),
            },
            limit: RESCUED_AT_A_TIME,
        };
        if let Ok(Outcome::Rescued(count @ 1..)) = self.journal.commit(write).await {
            tracing::warn!(count, "took back tasks whose lease had expired");
        }
    }

    /// Keeps when keys and sessions were used last. What cannot be kept now is seen again when they
    /// are used again.
    async fn note_use(&self) {
        let used = self.access.take_used();
        if !used.keys.is_empty() || !used.sessions.is_empty() {
            // The journal has logged why it could not.
            let _ = self.journal.commit(Write::SaveUse(used)).await;
        }
    }

    /// Forgets finished tasks, keys of requests, sessions and entries of the audit log that are old enough, a few at a time.
    async fn prune(&self) {
        self.prune_by(|| Write::Prune {
            completed_ms: millis(self.retention.completed),
            failed_ms: millis(self.retention.failed),
            limit: PRUNED_AT_A_TIME,
        })
        .await;
        self.prune_by(|| Write::PruneRequests {
            accepted_ms: millis(REQUESTS_KEPT),
            limit: PRUNED_AT_A_TIME,
        })
        .await;
        self.prune_by(|| Write::PruneSessions {
            idle_ms: millis(SESSION_IDLE),
            limit: PRUNED_AT_A_TIME,
        })
        .await;
        self.prune_by(|| Write::PruneAudit {
            older_ms: millis(self.retention.audit),
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

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Takes back every running task: for a start on a store that only one process can use.
pub(crate) async fn recover(journal: &Journal) -> Result<u32, crate::Error> {
    let mut recovered = 0;
    loop {
        let write = Write::Rescue {
            lost: Lost::All,
            limit: RESCUED_AT_A_TIME,
        };
        match journal.commit(write).await? {
            Outcome::Rescued(0) => return Ok(recovered),
            Outcome::Rescued(count) => recovered += count,
            _ => return Ok(recovered),
        }
    }
}
