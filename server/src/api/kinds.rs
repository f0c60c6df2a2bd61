//! `GET /api/kinds`: what can be submitted.

use axum::Json;
use glassworks_protocol::KindStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// What can be submitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kinds {
    /// By name.
    kinds: Vec<KindStatus>,
}

/// Lists the kinds of task.
///
/// Each with its description, its payload's JSON Schema and an example; and who serves it, how many
/// of its tasks wait, and when a worker that serves it was last heard of. A kind that no worker
/// serves now can be submitted all the same: its tasks wait.
#[utoipa::path(
    get, path = "/api/kinds", tag = tags::KINDS,
    responses((status = 200, description = "Every kind that this node runs, that the configuration declares, or that a worker has offered.", body = Kinds)),
)]
pub(crate) async fn kinds(Acting(engine): Acting) -> ApiResult<Json<Kinds>> {
    let kinds = engine.kind_statuses().await?;
    Ok(Json(Kinds { kinds }))
}
