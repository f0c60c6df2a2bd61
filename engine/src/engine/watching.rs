//! Watching lists and figures.

use std::sync::Arc;

use futures::stream::BoxStream;
use glassworks_protocol::{Stats, TaskFilter};

use super::Engine;
use super::reading::acceptable;
use crate::error::Error;
use crate::hub::Changes;
use crate::watched::ListNews;

impl Engine {
    /// What changes from now on among the tasks that match, once a second at most. All who watch
    /// the same filter share one look at the store. An error is the last item.
    pub fn watch_list(
        &self,
        filter: &TaskFilter,
    ) -> Result<BoxStream<'static, Result<ListNews, Error>>, Error> {
        acceptable(filter)?;
        let inner = &self.0;
        let store = Arc::clone(&inner.store);
        let changes = || self.changes();
        Ok(inner.lists.watch(store, self.within_reach(filter), changes))
    }

    /// The figures as they are, and then whenever they have changed, once a second at most. All who
    /// watch them share one look at the store. An error is the last item.
    pub fn watch_stats(&self) -> BoxStream<'static, Result<Arc<Stats>, Error>> {
        let engine = self.clone();
        self.0.figures.watch(move || {
            let engine = engine.clone();
            async move { engine.stats().await }
        })
    }

    /// What changes from now on, for lists.
    pub fn changes(&self) -> Changes {
        self.0.hub.changes()
    }
}
