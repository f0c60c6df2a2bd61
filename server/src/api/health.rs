//! Whether the server is alive, ready, and well.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use http::StatusCode;
use serde::Serialize;

use crate::error::{ApiError, ApiResult};
use crate::node::Node;

/// `GET /api/health`.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    background_tasks_completed: u64,
}

/// How it is, with one figure that shows it at work: tasks completed since this node started.
/// It cannot fail, and it does not ask the store; [`ready`] does.
pub(crate) async fn health(State(engine): State<Engine>) -> Json<Health> {
    Json(Health {
        status: "healthy",
        background_tasks_completed: engine.since_start().completed,
    })
}

/// `GET /livez` and `GET /readyz`.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    status: &'static str,
}

/// Whether the process answers at all. The store is left out of it: killing the process does not
/// mend a store.
pub(crate) async fn live() -> Json<Status> {
    Json(Status { status: "alive" })
}

/// Whether to send it work: 503 when it is shutting down or its store does not answer.
pub(crate) async fn ready(State(node): State<Node>) -> ApiResult<Json<Status>> {
    let not_ready = |detail| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail);
    if node.shutdown.has_begun() {
        return Err(not_ready("The server is shutting down."));
    }
    if !node.engine.ready().await {
        return Err(not_ready("The store does not answer."));
    }
    Ok(Json(Status { status: "ready" }))
}
