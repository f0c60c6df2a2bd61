//! The nodes that share the store.

use glassworks_protocol::{NodeInfo, Timestamp};

use super::Engine;
use crate::error::Error;

impl Engine {
    /// Every node that shares the store, by name. With SQLite that is this one.
    #[expect(
        clippy::unused_async,
        reason = "a store that several nodes share is asked for the others"
    )]
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, Error> {
        Ok(vec![NodeInfo {
            id: self.0.id,
            name: self.0.options.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.0.started_at,
            last_seen_at: Timestamp::now(),
            workers: self.workers(),
            busy_workers: self.busy_workers(),
        }])
    }
}
