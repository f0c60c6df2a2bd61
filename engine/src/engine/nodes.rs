//! The nodes that share the store.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use glassworks_protocol::{NodeInfo, Timestamp};
use tokio::sync::Mutex;
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

/// How long a look at all nodes is good for others who ask.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// What this node is to the others.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) started_at: Timestamp,
    pub(super) workers: u32,
    pub(super) runs: Arc<Runs>,
    pub(super) kinds: Vec<String>,
    pub(super) queues: Option<Vec<String>>,
    pub(super) lag: Arc<OnceLock<Lag>>,
    /// The latest look at all nodes.
    pub(super) seen: Arc<Mutex<Option<Look>>>,
}

/// A look at all nodes, and when that was.
pub(super) type Look = (Instant, Vec<NodeInfo>);

/// Says how late the runtime wakes up.
pub(super) type Lag = Box<dyn Fn() -> Duration + Send + Sync>;

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
            kinds: self.kinds.clone(),
            queues: self.queues.clone(),
            lag_ms: self
                .lag
                .get()
                .map(|lag| u64::try_from(lag().as_millis()).unwrap_or(u64::MAX)),
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
    /// Has `lag` say from now on how late the runtime wakes up, for the list of nodes. The first
    /// stays.
    pub fn tell_lag(&self, lag: impl Fn() -> Duration + Send + Sync + 'static) {
        // A second one has nothing to say that the first does not.
        let _ = self.0.card.lag.set(Box::new(lag));
    }

    /// Every node that shares the store, by name. With SQLite that is this one. One that has not
    /// been seen for 30 s is not there any more.
    ///
    /// Where there are others, those who ask within a second share one look.
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, Error> {
        let (store, card) = (&self.0.store, &self.0.card);
        if !store.is_shared() {
            return answer("nodes", store.meet(card.info()).await);
        }
        let mut seen = card.seen.lock().await;
        if let Some((at, nodes)) = &*seen
            && at.elapsed() < SHARED_FOR
        {
            return Ok(nodes.clone());
        }
        let nodes = answer("nodes", store.meet(card.info()).await)?;
        *seen = Some((Instant::now(), nodes.clone()));
        Ok(nodes)
    }
}
