//! Starting the attempts that the journal has claimed, and saying when it is to claim again.

use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attempts::claims::{Claims, Granted};
use crate::attempts::run::{self, Setting};
use crate::attempts::runs::{Added, Runs};
use crate::journal::{Journal, Rider as _};
use crate::registry::Registry;
use crate::store::Claimed;
use crate::tally::Tally;

/// A claim is due after this long in any case: clocks are set, and other nodes make work.
const SLOW_POLL: Duration = Duration::from_secs(30);

/// What attempts share.
pub(crate) struct Dispatcher {
    pub(crate) journal: Journal,
    pub(crate) claims: Arc<Claims>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) cancel_grace: Duration,
    pub(crate) result_bytes: usize,
    /// No more claims.
    pub(crate) closing: CancellationToken,
    /// What still runs goes back to the queue.
    pub(crate) release: CancellationToken,
    /// Every attempt, so that shutdown can wait for them.
    pub(crate) attempts: TaskTracker,
}

impl Dispatcher {
    /// Starts what is granted, until it is told to stop.
    pub(crate) async fn run(self, mut granted: mpsc::UnboundedReceiver<Granted>) {
        self.claims.open().await;
        let again = tokio::time::sleep(SLOW_POLL);
        tokio::pin!(again);
        loop {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                Some(Granted { tasks, again_at }) = granted.recv() => {
                    for (claimed, added) in tasks {
                        self.start(claimed, added);
                    }
                    again.as_mut().reset(Instant::now() + until(again_at));
                }
                () = &mut again => {
                    again.as_mut().reset(Instant::now() + SLOW_POLL);
                    self.claims.want();
                }
            }
        }
        self.claims.close().await;
        while let Ok(Granted { tasks, .. }) = granted.try_recv() {
            for (claimed, added) in tasks {
                self.start(claimed, added);
            }
        }
    }

    /// Starts an attempt on a task of its own.
    fn start(&self, claimed: Claimed, added: Added) {
        let Added { signals, after } = added;
        let setting = Setting {
            journal: self.journal.clone(),
            tally: Arc::clone(&self.tally),
            signals,
            release: self.release.clone(),
            cancel_grace: self.cancel_grace,
            result_bytes: self.result_bytes,
        };
        let handler = self.registry.get(&claimed.kind);
        let (runs, claims) = (Arc::clone(&self.runs), Arc::clone(&self.claims));
        self.attempts.spawn(async move {
            let (task, attempt) = (claimed.id, claimed.attempt);
            // However this comes to its end, nobody waits for it in vain.
            let _ended = setting.signals.ended.clone().drop_guard();
            if let Some(after) = after {
                after.cancelled().await;
            }
            run::attempt(claimed, handler, setting).await;
            // Where its end was not committed, it has made room that no batch knows of.
            if runs.remove(task, attempt) {
                claims.want();
            }
        });
    }
}

/// How long to wait for the moment `at`, or for the slow poll without one.
fn until(at: Option<Timestamp>) -> Duration {
    at.map_or(SLOW_POLL, |at| {
        let ahead = at.millis_since(Timestamp::now());
        // A millisecond more, so that the clock has surely passed it.
        Duration::from_millis(u64::try_from(ahead).unwrap_or(0) + 1).min(SLOW_POLL)
    })
}
