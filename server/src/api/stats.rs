//! `GET /api/stats`: the server's figures.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::Stats;

use crate::error::ApiResult;

/// The figures at this moment.
pub(crate) async fn stats(State(engine): State<Engine>) -> ApiResult<Json<Stats>> {
    Ok(Json(engine.stats().await?))
}
