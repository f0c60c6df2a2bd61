//! Folding the rows that batches add to the counts, so that summing them up stays cheap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, sleep_until};

use super::connect::{Backoff, Connected, Endpoint};
use super::sql;
use super::statements::NoStatements;
use crate::store::StoreError;

/// How often counts are folded, when any have changed.
const FOLD_EVERY: Duration = Duration::from_millis(250);

/// What folds. It ends when this is dropped.
pub(super) struct Folding(AbortHandle);

impl Drop for Folding {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Folding {
    pub(super) fn start(endpoint: Endpoint, changed: Arc<AtomicBool>) -> Self {
        let folding = tokio::spawn(async move {
            let backoff = Backoff::default();
            loop {
                let Err(error) = fold(&endpoint, &changed, &backoff).await;
                tracing::debug!(%error, "counts are not folded at the moment");
                backoff.failed(&error);
                sleep_until(backoff.until()).await;
            }
        });
        Self(folding.abort_handle())
    }
}

async fn fold(
    endpoint: &Endpoint,
    changed: &AtomicBool,
    backoff: &Backoff,
) -> Result<std::convert::Infallible, StoreError> {
    let mut tick = tokio::time::interval(FOLD_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connected: Option<Connected<NoStatements>> = None;
    loop {
        tick.tick().await;
        if !changed.swap(false, Ordering::Relaxed) {
            continue;
        }
        let made = match connected.take().filter(|made| !made.is_closed()) {
            Some(made) => made,
            None => {
                endpoint
                    .connect_soon(sql::SESSION_OF_HOUSEKEEPING, None)
                    .await?
            }
        };
        made.client.batch_execute(sql::FOLD_COUNTS).await?;
        backoff.succeeded();
        connected = Some(made);
    }
}
