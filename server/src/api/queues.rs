//! `/api/queues`: how each queue may be used.

use axum::Json;
use glassworks_protocol::{BulkOutcome, Problem, Queue, QueueHistory, QueueSettings, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{JsonBody, NamePath, Query, optional};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::{PROBLEM_JSON, tags};

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queues {
    /// By name.
    queues: Vec<Queue>,
}

/// Lists every queue that has tasks or settings.
#[utoipa::path(
    get, path = "/api/queues", tag = tags::QUEUES, operation_id = "list_queues",
    responses((status = 200, description = "The list.", body = Queues)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> ApiResult<Json<Queues>> {
    let queues = engine.queues().await?;
    Ok(Json(Queues { queues }))
}

/// Reads a queue: its settings, and its tasks by state.
#[utoipa::path(
    get, path = "/api/queues/{name}", tag = tags::QUEUES, operation_id = "get_queue",
    params(NamePath),
    responses((status = 200, description = "The queue as it stands.", body = Queue)),
)]
pub(crate) async fn get(
    Acting(engine): Acting,
    NamePath(name): NamePath,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.queue(&name).await?))
}

/// Sets how a queue may be used, whether it has tasks yet or not.
///
/// What the body leaves out has no limit. What runs already goes on.
#[utoipa::path(
    put, path = "/api/queues/{name}", tag = tags::QUEUES, operation_id = "set_queue",
    params(NamePath),
    request_body(content = QueueSettings, example = json!({
        "concurrency": 4,
        "rate": {"tasks": 100, "per_ms": 60_000},
    })),
    responses((status = 200, description = "It is set and stored.", body = Queue)),
)]
pub(crate) async fn put(
    Acting(engine): Acting,
    NamePath(name): NamePath,
    JsonBody(settings): JsonBody<QueueSettings>,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.set_queue(&name, settings).await?))
}

/// Lets a queue's tasks wait.
///
/// What runs already goes on. A queue that nobody has used yet can be paused, too.
#[utoipa::path(
    post, path = "/api/queues/{name}/pause", tag = tags::QUEUES, operation_id = "pause_queue",
    params(NamePath, PauseQuery),
    responses((status = 200, description = "It is paused.", body = Queue)),
)]
pub(crate) async fn pause(
    Acting(engine): Acting,
    NamePath(name): NamePath,
    Query(query): Query<PauseQuery>,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.pause_queue(&name, query.until).await?))
}

/// For how long to pause.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PauseQuery {
    /// The moment at which it goes on by itself; until somebody resumes it when absent.
    #[serde(deserialize_with = "optional")]
    #[param(example = "2100-01-01T06:00:00Z")]
    until: Option<Timestamp>,
}

/// Cancels every task of a queue that waits: scheduled, queued or retrying.
///
/// What runs goes on; one that starts at that moment is asked to stop.
#[utoipa::path(
    post, path = "/api/queues/{name}/drain", tag = tags::QUEUES, operation_id = "drain_queue",
    params(NamePath),
    responses((status = 200, description = "They are cancelled.", body = BulkOutcome)),
)]
pub(crate) async fn drain(
    Acting(engine): Acting,
    NamePath(name): NamePath,
) -> ApiResult<Json<BulkOutcome>> {
    Ok(Json(engine.drain_queue(&name).await?))
}

/// Tells how a queue went in the last ten minutes: how many waited and ran, and what this node did.
#[utoipa::path(
    get, path = "/api/queues/{name}/history", tag = tags::QUEUES, operation_id = "queue_history",
    params(NamePath),
    responses((status = 200, description = "The latest looks at it.", body = QueueHistory)),
)]
pub(crate) async fn history(
    Acting(engine): Acting,
    NamePath(name): NamePath,
) -> ApiResult<Json<QueueHistory>> {
    Ok(Json(engine.queue_history(&name).await?))
}

/// Lets a queue's tasks run again.
#[utoipa::path(
    post, path = "/api/queues/{name}/resume", tag = tags::QUEUES, operation_id = "resume_queue",
    params(NamePath),
    responses(
        (status = 200, description = "It is not paused.", body = Queue),
        (status = 422, description = "That cannot be a queue's name.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn resume(
    Acting(engine): Acting,
    NamePath(name): NamePath,
) -> ApiResult<Json<Queue>> {
    Ok(Json(engine.resume_queue(&name).await?))
}
