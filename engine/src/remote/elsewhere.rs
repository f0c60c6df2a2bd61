//! Kinds that workers offer on other nodes: this node takes tasks of them as well.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::error::log_store_error;
use crate::registry::Registry;
use crate::store::Store;

/// When to ask again after the store failed.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Learns of them.
pub(crate) struct Elsewhere {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Arc<Registry>,
    /// Told when there may be others.
    pub(crate) offered: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Elsewhere {
    /// Reads what is offered whenever that may have changed, until it is told to stop.
    pub(crate) async fn run(self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.learn()).await;
    }

    async fn learn(&self) {
        loop {
            self.offered.notified().await;
            match self.store.kinds().await {
                Ok(offered) => self.registry.offered.load(offered),
                Err(error) => {
                    log_store_error("kinds", &error);
                    tokio::time::sleep(ASK_AGAIN).await;
                    self.offered.notify_one();
                }
            }
        }
    }
}
