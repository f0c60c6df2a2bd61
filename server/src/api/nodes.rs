//! `/api/nodes`: the processes that share the store, and the workers that ask them for tasks.

use axum::Json;
use glassworks_protocol::{NodeInfo, WorkerInfo};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::WorkerPath;
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    /// By name.
    nodes: Vec<NodeInfo>,
    /// The workers that have asked this process for tasks in the last hour, by name.
    workers: Vec<WorkerInfo>,
}

/// Lists the processes that share the store, and the workers that ask this one for tasks.
///
/// With SQLite there is one process.
#[utoipa::path(
    get, path = "/api/nodes", tag = tags::SERVER, operation_id = "list_nodes",
    responses((status = 200, description = "The list.", body = Nodes)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> ApiResult<Json<Nodes>> {
    let nodes = engine.nodes().await?;
    let workers = engine.remote_workers();
    Ok(Json(Nodes { nodes, workers }))
}

/// Asks a worker to end.
///
/// It is given no more tasks, and told so with its next claim or beat. What it runs, it finishes.
#[utoipa::path(
    post, path = "/api/nodes/{id}/drain", tag = tags::SERVER, operation_id = "drain_worker",
    params(WorkerPath),
    responses((status = 200, description = "It is to end.", body = WorkerInfo)),
)]
pub(crate) async fn drain(
    Acting(engine): Acting,
    WorkerPath(id): WorkerPath,
) -> ApiResult<Json<WorkerInfo>> {
    Ok(Json(engine.drain_worker(id, true)?))
}

/// Lets a worker go on that was asked to end.
#[utoipa::path(
    post, path = "/api/nodes/{id}/resume", tag = tags::SERVER, operation_id = "resume_worker",
    params(WorkerPath),
    responses((status = 200, description = "It is given tasks again.", body = WorkerInfo)),
)]
pub(crate) async fn resume(
    Acting(engine): Acting,
    WorkerPath(id): WorkerPath,
) -> ApiResult<Json<WorkerInfo>> {
    Ok(Json(engine.drain_worker(id, false)?))
}
