//! `/api/queues`: how each queue may be used.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::{Queue, QueueSettings};
use serde::Serialize;

use super::extract::{JsonBody, NamePath};
use crate::error::ApiResult;

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct Queues {
    queues: Vec<Queue>,
}

/// Every queue that has tasks or settings, by name.
pub(crate) async fn list(State(engine): State<Engine>) -> ApiResult<Json<Queues>> {
    let queues = engine.queues().await?;
    Ok(Json(Queues { queues }))
}

/// One queue: its settings, and its tasks by state.
pub(crate) async fn get(
    State(engine): State<Engine>,
    NamePath(name): NamePath,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.queue(&name).await?))
}

/// Sets how a queue may be used; what the body leaves out has no limit.
pub(crate) async fn put(
    State(engine): State<Engine>,
    NamePath(name): NamePath,
    JsonBody(settings): JsonBody<QueueSettings>,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.set_queue(&name, settings).await?))
}

/// Lets a queue's tasks wait. What runs already goes on.
pub(crate) async fn pause(
    State(engine): State<Engine>,
    NamePath(name): NamePath,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.pause_queue(&name, true).await?))
}

/// Lets a queue's tasks run again.
pub(crate) async fn resume(
    State(engine): State<Engine>,
    NamePath(name): NamePath,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.pause_queue(&name, false).await?))
}
