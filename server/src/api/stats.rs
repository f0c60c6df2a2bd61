//! `GET /api/stats`: the server's figures.

use axum::Json;
use axum::extract::State;
use glassworks_protocol::Figures;
use serde::Serialize;

use crate::error::ApiResult;
use crate::node::Node;
use crate::pulse::RuntimeFigures;

/// The figures of the node, its store and its runtime.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    figures: Figures,
    runtime: RuntimeFigures,
}

/// The figures at this moment.
pub(crate) async fn stats(State(node): State<Node>) -> ApiResult<Json<Report>> {
    Ok(Json(Report {
        figures: node.engine.figures().await?,
        runtime: node.pulse.read(),
    }))
}
