//! Whether the server is alive, ready, and well.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Error;
use glassworks_protocol::{Problem, ProblemCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};
use crate::node::Node;
use crate::openapi::{PROBLEM_JSON, tags};

const SHUTTING_DOWN: &str = "The server is shutting down.";

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `healthy`: a server that is not does not answer with 200.
    #[schema(example = "healthy")]
    status: &'static str,
    /// Tasks completed since this node started.
    background_tasks_completed: u64,
}

/// Says how the server is.
///
/// With one figure that shows it at work: tasks completed since this node started. It cannot fail,
/// and does not ask the store; `/readyz` does.
#[utoipa::path(
    get, path = "/api/health", tag = tags::SERVER,
    responses((status = 200, description = "The server answers.", body = Health)),
)]
pub(crate) async fn health(State(node): State<Node>) -> Json<Health> {
    Json(Health {
        status: "healthy",
        background_tasks_completed: node.engine.since_start().completed,
    })
}

/// One word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// `alive` or `ready`.
    status: &'static str,
}

/// Says whether the process answers at all.
///
/// The store is left out of it: killing the process does not mend a store.
#[utoipa::path(
    get, path = "/livez", tag = tags::SERVER,
    responses((status = 200, description = "It does.", body = Status)),
)]
pub(crate) async fn live() -> Json<Status> {
    Json(Status { status: "alive" })
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
    let not_ready = |code, detail: &str| Err(ApiError::new(code, detail));
    if node.shutdown.has_begun() {
        return not_ready(ProblemCode::ShuttingDown, SHUTTING_DOWN);
    }
    match node.engine.ready().await {
        Ok(()) => {}
        Err(Error::ShuttingDown) => return not_ready(ProblemCode::ShuttingDown, SHUTTING_DOWN),
        Err(error) => return not_ready(ProblemCode::NotReady, &error.to_string()),
    }
    Ok(Json(Status { status: "ready" }))
}
