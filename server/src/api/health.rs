//! Whether the server is alive, ready, and well.

use axum::Json;
use axum::extract::State;
use glassworks_handlers::basics;
use glassworks_protocol::{Health, Problem, ProblemCode, Status};

use crate::error::{ApiError, ApiResult};
use crate::node::Node;
use crate::openapi::{PROBLEM_JSON, tags};

/// Says how the server is.
///
/// With one figure that shows it at work: tasks completed since this node started. It cannot fail,
/// and does not ask the store; `/readyz` does.
#[utoipa::path(
    get, path = "/api/health", tag = tags::SERVER,
    responses((status = 200, description = "The server answers.", body = Health)),
)]
pub(crate) async fn health(State(node): State<Node>) -> Json<Health> {
    Json(basics::health(&node.engine))
}

/// Says whether the process answers at all.
///
/// The store is left out of it: killing the process does not mend a store.
#[utoipa::path(
    get, path = "/livez", tag = tags::SERVER,
    responses((status = 200, description = "It does.", body = Status)),
)]
pub(crate) async fn live() -> Json<Status> {
    Json(basics::alive())
}

/// Says whether to send it work.
///
/// For load balancers: a server that shuts down still answers requests, but wants no new ones; and
/// one whose store cannot commit would accept what it cannot keep. It goes by the latest commit,
/// and makes a small one when there was none in two seconds.
#[utoipa::path(
    get, path = "/readyz", tag = tags::SERVER,
    responses(
        (status = 200, description = "It takes work.", body = Status),
        (status = 503, description = "It is shutting down, or its store does not answer or cannot commit.",
            body = Problem, content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn ready(State(node): State<Node>) -> ApiResult<Json<Status>> {
    // It is known here first: streams end before the engine is told.
    if node.shutdown.has_begun() {
        let detail = "The server is shutting down.";
        return Err(ApiError::new(ProblemCode::ShuttingDown, detail));
    }
    Ok(Json(basics::ready(&node.engine).await?))
}
