//! Keeping who is known here the same as in the store, which other nodes change too.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Directory;
use crate::store::Store;

/// How often it is read although no node told of a change.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How soon it is read again when the store did not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Reads the keys and sessions of a store that several nodes share.
pub(crate) struct Following {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) access: Arc<Directory>,
    /// Told when another node may have changed them.
    pub(crate) changed: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Following {
    /// Reads until it is told to stop.
    pub(crate) async fn run(self) {
        if self.store.is_shared() {
            self.stop.run_until_cancelled(self.follow()).await;
        }
    }

    async fn follow(&self) {
        let mut wait = LOOK_EVERY;
        loop {
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep(wait) => {}
            }
            wait = match self.access.read(&*self.store).await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "what other nodes did to keys is not known yet");
                    AGAIN_AFTER
                }
            };
        }
    }
}
