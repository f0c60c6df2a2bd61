//! `GET /api/stats`: the server's figures.

use axum::Json;
use axum::extract::State;
use glassworks_protocol::Figures;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiResult;
use crate::node::Node;
use crate::openapi::tags;
use crate::pulse::RuntimeFigures;

/// The figures of the node, its store and its runtime.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerFigures {
    #[serde(flatten)]
    figures: Figures,
    /// How the Tokio runtime does.
    runtime: RuntimeFigures,
}

/// Tells the server's figures at this moment.
#[utoipa::path(
    get, path = "/api/stats", tag = tags::SERVER,
    responses((status = 200, description = "The figures.", body = ServerFigures)),
)]
pub(crate) async fn stats(State(node): State<Node>) -> ApiResult<Json<ServerFigures>> {
    Ok(Json(ServerFigures {
        figures: node.engine.figures().await?,
        runtime: node.pulse.read(),
    }))
}

/// Tells the server's figures, under a shorter path.
///
/// The same as `GET /api/stats`.
#[utoipa::path(
    get, path = "/stats", tag = tags::SERVER,
    responses((status = 200, description = "The figures.", body = ServerFigures)),
)]
pub(crate) async fn short_stats(node: State<Node>) -> ApiResult<Json<ServerFigures>> {
    stats(node).await
}
