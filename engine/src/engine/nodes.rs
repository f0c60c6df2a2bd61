//! The nodes that share the store.

use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{NodeInfo, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Engine;
use super::answers::answer;
use crate::attempts::runs::Runs;
use crate::error::Error;
use crate::store::Store;

/// How often a node says that it is there.
const MEET_EVERY: Duration = Duration::from_secs(5);

/// What this node is to the others.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) started_at: Timestamp,
    pub(super) workers: u32,
    pub(super) runs: Arc<Runs>,
}

impl Card {
    fn info(&self) -> NodeInfo {
        NodeInfo {
            id: self.id,
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            last_seen_at: Timestamp::now(),
            workers: self.workers,
            busy_workers: u32::try_from(self.runs.len()).unwrap_or(u32::MAX),
        }
    }

    /// Says now and then that this node is there, until it is told to stop.
    pub(super) async fn show(self, store: Arc<dyn Store>, stop: CancellationToken) {
        if !store.is_shared() {
            return;
        }
        let mut tick = tokio::time::interval(MEET_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            if let Err(error) = store.meet(self.info()).await {
                tracing::debug!(%error, "the other nodes do not hear of this one at the moment");
            }
        }
    }
}

impl Engine {
    /// Every node that shares the store, by name. With SQLite that is this one. One that has not
    /// been seen for 30 s is not there any more.
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, Error> {
        answer("nodes", self.0.store.meet(self.0.card.info()).await)
    }
}
