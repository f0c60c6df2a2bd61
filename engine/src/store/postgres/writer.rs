//! The connection that writes: one batch at a time, tried again where that helps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Mutex, Notify};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::batch::{Batch, Ended};
use super::connect::{Backoff, Connected, Endpoint};
use super::statements::WriterStatements;
use super::{Time, sql};
use crate::limits::Limits;
use crate::store::{Committed, StoreError, StoreFailure, Write};

/// How often a batch is tried that met another node's, or whose connection was lost under it.
const TRIES: u32 = 12;
/// How long a batch may take, all its tries together: shorter than a lease.
const TAKES: Duration = Duration::from_secs(20);
/// How long to wait for what came of a commit whose connection was lost.
const ASKS_FOR: Duration = Duration::from_secs(10);

/// The connection that writes.
pub(super) struct Writer {
    connected: Mutex<Option<Connected<WriterStatements>>>,
    endpoint: Endpoint,
    backoff: Backoff,
    limits: Limits,
    time: Arc<Time>,
    /// Which store this is, among those that tell each other what they did.
    id: Uuid,
    /// Told when it is not known what was committed: whoever follows has to look.
    unsure: Arc<Notify>,
    /// Whether something was committed since this was last asked.
    changed: Arc<AtomicBool>,
}

/// What the writer shares with others.
pub(super) struct Shared {
    pub(super) id: Uuid,
    pub(super) unsure: Arc<Notify>,
    pub(super) changed: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(
        connected: Connected<WriterStatements>,
        endpoint: Endpoint,
        limits: Limits,
        time: Arc<Time>,
        shared: &Shared,
    ) -> Self {
        Self {
            connected: Mutex::new(Some(connected)),
            endpoint,
            backoff: Backoff::default(),
            limits,
            time,
            id: shared.id,
            unsure: Arc::clone(&shared.unsure),
            changed: Arc::clone(&shared.changed),
        }
    }

    pub(super) async fn commit(&self, batch: &[Write]) -> Result<Committed, StoreError> {
        let mut place = self.connected.lock().await;
        let tried = timeout(TAKES, self.try_often(&mut place, batch)).await;
        let tried = tried.unwrap_or_else(|_| {
            // The connection that was in use is closed, and with it its transaction.
            self.unsure.notify_one();
            let late = "the batch was not committed in time";
            Err(StoreError::new(StoreFailure::TimedOut, late))
        });
        match &tried {
            Ok(_) => {
                self.changed.store(true, Ordering::Relaxed);
                self.endpoint.fault.note(Ok(()));
            }
            Err(error)
                if matches!(
                    error.failure,
                    StoreFailure::Unreachable | StoreFailure::TimedOut
                ) =>
            {
                self.endpoint.fault.note(Err(error));
            }
            Err(_) => {}
        }
        tried
    }

    async fn try_often(
        &self,
        place: &mut Option<Connected<WriterStatements>>,
        batch: &[Write],
    ) -> Result<Committed, StoreError> {
        let mut tries = 1;
        loop {
            // Taken out: dropped with this future, it is closed and not used again half way.
            let connected = match place.take().filter(|connected| !connected.is_closed()) {
                Some(connected) => connected,
                None => self.connect().await?,
            };
            // On the heap: with all its statements it would be much for a stack.
            let ended = Batch::commit(&connected, batch, self.limits, &self.time, self.id).boxed();
            let ended = ended.await;
            let failed = match ended {
                Ok(committed) => {
                    *place = Some(connected);
                    return Ok(committed);
                }
                Err(Ended::Failed(failed)) => failed,
                Err(Ended::Unknown(decided, error)) => {
                    drop(connected);
                    let asked = self.came_of(place, &decided.transaction).await;
                    match asked {
                        Some(true) => return Ok(decided.committed),
                        Some(false) if tries < TRIES => {
                            tries += 1;
                            continue;
                        }
                        _ => {
                            self.unsure.notify_one();
                            return Err(error);
                        }
                    }
                }
            };
            let lost = connected.is_closed() || failed.error.failure == StoreFailure::Unreachable;
            if !lost && connected.client.batch_execute(sql::ROLLBACK).await.is_ok() {
                *place = Some(connected);
            }
            if tries == TRIES || !(failed.again || lost) {
                return Err(failed.error);
            }
            if failed.again {
                // Whom it met is given time to end.
                sleep(Duration::from_millis(
                    fastrand::u64(0..10) * u64::from(tries),
                ))
                .await;
            }
            tries += 1;
        }
    }

    async fn connect(&self) -> Result<Connected<WriterStatements>, StoreError> {
        self.backoff.check()?;
        let made = self
            .endpoint
            .connect_soon::<WriterStatements>(sql::SESSION_OF_WRITER, None)
            .await;
        let made = match made {
            Ok(made) => self.takes_changes(made).await,
            Err(error) => Err(error),
        };
        match &made {
            Ok(_) => self.backoff.succeeded(),
            Err(error) => self.backoff.failed(error),
        }
        made
    }

    /// Refuses a server that only reads: a standby in the place of the one that was lost.
    async fn takes_changes(
        &self,
        made: Connected<WriterStatements>,
    ) -> Result<Connected<WriterStatements>, StoreError> {
        let server = made.client.query_one(sql::SERVER, &[]).await?;
        if server.try_get(2)? {
            let cause = "the server takes no changes: it is a standby, or read-only";
            return Err(StoreError::new(StoreFailure::Unreachable, cause));
        }
        Ok(made)
    }

    /// Whether a transaction was committed whose connection was lost meanwhile; `None` when that
    /// cannot be found out.
    async fn came_of(
        &self,
        place: &mut Option<Connected<WriterStatements>>,
        transaction: &str,
    ) -> Option<bool> {
        let asking = async {
            loop {
                match self.connect().await {
                    Ok(connected) => {
                        let client = &connected.client;
                        let asked = client.query_one(sql::CAME_OF, &[&transaction]).await;
                        let status: Option<String> = asked.ok()?.try_get(0).ok()?;
                        *place = Some(connected);
                        match status.as_deref() {
                            Some("committed") => return Some(true),
                            Some("aborted") => return Some(false),
                            // Its backend has not noticed yet that nobody is there any more.
                            Some(_) => sleep(Duration::from_millis(50)).await,
                            None => return None,
                        }
                    }
                    Err(_) => tokio::time::sleep_until(self.backoff.until()).await,
                }
            }
        };
        timeout(ASKS_FOR, asking).await.ok().flatten()
    }
}
