//! Claiming tasks while there is room, and starting their attempts.

use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::Timestamp;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::journal::Journal;
use crate::registry::Registry;
use crate::run::{self, Setting};
use crate::runs::Runs;
use crate::store::{Claim, Claimed, Outcome, Write};
use crate::tally::Tally;

/// A look at the queue is due after this long in any case, in case a wake-up was missed.
const SLOW_POLL: Duration = Duration::from_secs(30);
/// How long to wait after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// What claims and attempts share.
pub(crate) struct Dispatcher {
    pub(crate) journal: Journal,
    pub(crate) registry: Arc<Registry>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) node: String,
    pub(crate) lease: Duration,
    pub(crate) cancel_grace: Duration,
    pub(crate) result_bytes: usize,
    /// One permit for each task that may run at a time.
    pub(crate) room: Arc<Semaphore>,
    /// Told when there may be a task to claim, or room for one.
    pub(crate) work: Arc<Notify>,
    /// No more claims.
    pub(crate) closing: CancellationToken,
    /// What still runs goes back to the queue.
    pub(crate) release: CancellationToken,
    /// Every attempt, so that shutdown can wait for them.
    pub(crate) attempts: TaskTracker,
}

/// When to look again.
enum Look {
    /// There is more to claim and room for it.
    Now,
    /// When something happens, or after this long.
    Within(Duration),
}

impl Dispatcher {
    /// Claims until it is told to stop.
    pub(crate) async fn run(self) {
        let dispatcher = Arc::new(self);
        while !dispatcher.closing.is_cancelled() {
            match dispatcher.claim().await {
                Look::Now => {}
                Look::Within(wait) => {
                    tokio::select! {
                        () = dispatcher.closing.cancelled() => {}
                        () = dispatcher.work.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    async fn claim(self: &Arc<Self>) -> Look {
        let room = self.room.available_permits();
        let claim = Claim {
            node: self.node.clone(),
            room: u32::try_from(room).unwrap_or(u32::MAX - 1),
            lease_ms: u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX),
        };
        let Ok(Outcome::Claimed {
            tasks,
            next_due,
            more,
        }) = self.journal.commit(Write::Claim(claim)).await
        else {
            return Look::Within(STORE_RETRY);
        };
        for claimed in tasks {
            self.start(claimed);
        }
        if more && self.room.available_permits() > 0 {
            return Look::Now;
        }
        let wait = next_due.map_or(SLOW_POLL, |due| {
            let ahead = due.millis_since(Timestamp::now());
            // A millisecond more, so that the clock has surely passed it.
            Duration::from_millis(u64::try_from(ahead).unwrap_or(0) + 1).min(SLOW_POLL)
        });
        Look::Within(wait)
    }

    /// Starts an attempt on a task of its own.
    fn start(self: &Arc<Self>, claimed: Claimed) {
        // Claims are made here alone and for as many tasks as there are permits.
        let permit = Arc::clone(&self.room).try_acquire_owned();
        let signals = self.runs.add(claimed.id, claimed.attempt);
        let setting = Setting {
            journal: self.journal.clone(),
            tally: Arc::clone(&self.tally),
            signals,
            release: self.release.clone(),
            cancel_grace: self.cancel_grace,
            result_bytes: self.result_bytes,
        };
        let handler = self.registry.get(&claimed.kind);
        let dispatcher = Arc::clone(self);
        self.attempts.spawn(async move {
            let (task, attempt) = (claimed.id, claimed.attempt);
            run::attempt(claimed, handler, setting).await;
            dispatcher.runs.remove(task, attempt);
            drop(permit);
            dispatcher.work.notify_one();
        });
    }
}
