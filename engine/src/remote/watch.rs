//! Ends remote attempts that nothing is heard of any more, and those whose time is over.
//!
//! While there are none it sleeps, and while none is due it only reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use glassworks_protocol::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Counters;
use super::line::Line;
use crate::error::log_store_error;
use crate::journal::Journal;
use crate::store::{Lost, Outcome, Store, Write};

/// How late the end of a lease may be noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to look away when nothing is under way. Another node may have given something out.
const LOOK_AWAY: Duration = Duration::from_secs(10);
/// Attempts ended in one write.
const AT_A_TIME: u32 = 1_000;

/// What it works with.
pub(crate) struct Watch {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
    pub(crate) line: Arc<Line>,
    pub(crate) counters: Arc<Counters>,
    /// How long workers may take to come back after a start, before any of theirs is ended.
    pub(crate) patience: Duration,
    pub(crate) stop: CancellationToken,
}

impl Watch {
    /// Watches until it is told to stop.
    pub(crate) async fn run(self) {
        let mut pause = self.patience;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = self.line.granted.notified(), if pause == LOOK_AWAY => {
                    pause = LOOK_EVERY;
                    continue;
                }
            }
            pause = match self.store.next_remote_end().await {
                Ok(None) => LOOK_AWAY,
                Ok(Some(at)) => {
                    if at <= Timestamp::now() {
                        self.end().await;
                    }
                    LOOK_EVERY
                }
                Err(error) => {
                    log_store_error("next_remote_end", &error);
                    LOOK_EVERY
                }
            };
        }
    }

    async fn end(&self) {
        let write = Write::Rescue {
            lost: Lost::Remote {
                roll: fastrand::f64(),
            },
            limit: AT_A_TIME,
        };
        if let Ok(Outcome::Rescued(count @ 1..)) = self.journal.commit(write).await {
            let expired = &self.counters.expired_attempts;
            expired.fetch_add(u64::from(count), Ordering::Relaxed);
            tracing::warn!(
                count,
                "ended attempts of workers that were silent for too long, or whose time was over"
            );
        }
    }
}
