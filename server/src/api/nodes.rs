//! `GET /api/nodes`: the processes that share the store.

use axum::Json;
use glassworks_protocol::NodeInfo;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    /// By name.
    nodes: Vec<NodeInfo>,
}

/// Lists the processes that share the store.
///
/// With SQLite that is this one.
#[utoipa::path(
    get, path = "/api/nodes", tag = tags::SERVER, operation_id = "list_nodes",
    responses((status = 200, description = "The list.", body = Nodes)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> ApiResult<Json<Nodes>> {
    let nodes = engine.nodes().await?;
    Ok(Json(Nodes { nodes }))
}
