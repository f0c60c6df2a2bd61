//! A node for an experiment: the engine that runs everything here, on a store of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use glassworks_engine::store::Store;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::{Engine, Handler, Limits, Options, TaskError};
use serde::Deserialize;
use utoipa::ToSchema;

/// The payload of a task that needs none.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Nothing {}

/// Opens a store in `directory`.
pub(crate) async fn open(directory: &Path) -> Result<Arc<dyn Store>, TaskError> {
    let file = directory.join("tasks.db");
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&file, Limits::default()));
    match opened.await {
        Ok(Ok(store)) => Ok(Arc::new(store)),
        Ok(Err(error)) => Err(no_store(&error)),
        Err(error) => Err(no_store(&error)),
    }
}

fn no_store(error: &dyn std::error::Error) -> TaskError {
    TaskError::new(format!("no database for the lab: {error}"))
}

/// Starts a node on the runtime that polls it; it ends with that.
pub(crate) async fn start<H: Handler>(
    store: Arc<dyn Store>,
    name: &str,
    lease: Duration,
    handler: H,
) -> Result<Engine, TaskError> {
    let options = Options {
        workers: 1,
        node: name.to_owned(),
        lease,
        ..Options::default()
    };
    let builder = Engine::builder().handler(handler).options(options);
    let starting = builder.start_on(store).await;
    starting.map_err(|error| TaskError::new(format!("no node for the lab: {error}")))
}
