//! `GET /api/stats`: the server's figures.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::Stats;

use crate::error::ApiResult;
use crate::openapi::tags;

/// Tells the server's figures at this moment.
#[utoipa::path(
    get, path = "/api/stats", tag = tags::SERVER,
    responses((status = 200, description = "The figures.", body = Stats)),
)]
pub(crate) async fn stats(State(engine): State<Engine>) -> ApiResult<Json<Stats>> {
    Ok(Json(engine.stats().await?))
}

/// Tells the server's figures, under a shorter path.
///
/// The same as `GET /api/stats`.
#[utoipa::path(
    get, path = "/stats", tag = tags::SERVER,
    responses((status = 200, description = "The figures.", body = Stats)),
)]
pub(crate) async fn short_stats(engine: State<Engine>) -> ApiResult<Json<Stats>> {
    stats(engine).await
}
