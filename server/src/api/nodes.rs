//! `GET /api/nodes`: the processes that share the store.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::NodeInfo;
use serde::Serialize;

use crate::error::ApiResult;

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct Nodes {
    nodes: Vec<NodeInfo>,
}

/// Every node, by name.
pub(crate) async fn list(State(engine): State<Engine>) -> ApiResult<Json<Nodes>> {
    let nodes = engine.nodes().await?;
    Ok(Json(Nodes { nodes }))
}
