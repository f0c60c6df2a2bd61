//! Nodes and workers: what their page starts from, and what can be done with a worker.

use glassworks_protocol::{NodeInfo, TaskSummary, WorkerInfo};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::Json;
use crate::refused::Refused;

#[cfg(feature = "ssr")]
use {
    crate::refused::refuse_error,
    glassworks_protocol::{PageRequest, State, TaskFilter},
};

/// Running tasks that are shown with who runs them.
pub(crate) const RUNNING: u32 = 100;

/// What the page starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(
    clippy::struct_field_names,
    reason = "a list of nodes is called that, beside the other lists"
)]
pub(crate) struct Nodes {
    /// The processes that share the store, by name.
    pub(crate) nodes: Vec<NodeInfo>,
    /// The workers that ask the one that answers.
    pub(crate) workers: Vec<WorkerInfo>,
    /// What runs, at most [`RUNNING`] of it.
    pub(crate) running: Vec<TaskSummary>,
}

/// What `/nodes` shows.
#[server(prefix = "/fn", endpoint = "nodes", input = GetUrl, output = Json)]
pub(crate) async fn load_nodes() -> Result<Nodes, Refused> {
    let engine = super::engine()?;
    let load = async || {
        let filter = TaskFilter {
            state: vec![State::Running],
            ..TaskFilter::default()
        };
        let page = PageRequest {
            limit: Some(RUNNING),
            ..PageRequest::default()
        };
        Ok(Nodes {
            nodes: engine.nodes().await?,
            workers: engine.remote_workers(),
            running: engine.summaries(&filter, &page).await?.tasks,
        })
    };
    load()
        .await
        .map_err(|error: glassworks_engine::Error| refuse_error(&error))
}

/// Asks a worker to end, or with `drain` false to go on.
#[server(prefix = "/fn", endpoint = "change_worker", output = Json)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn change_worker(id: Uuid, drain: bool) -> Result<(), Refused> {
    let changed = super::engine()?.drain_worker(id, drain);
    changed.map(drop).map_err(|error| refuse_error(&error))
}
