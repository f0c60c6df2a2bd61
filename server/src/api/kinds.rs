//! `GET /api/kinds`: what can be submitted.

use axum::Json;
use glassworks_protocol::KindInfo;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Acting;
use crate::openapi::tags;

/// What can be submitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kinds {
    /// By name.
    kinds: Vec<KindInfo>,
}

/// Lists the kinds of task.
///
/// Each with its description, its payload's JSON Schema and an example.
#[utoipa::path(
    get, path = "/api/kinds", tag = tags::KINDS,
    responses((status = 200, description = "Every kind that this node runs.", body = Kinds)),
)]
pub(crate) async fn kinds(Acting(engine): Acting) -> Json<Kinds> {
    Json(Kinds {
        kinds: engine.kinds().to_vec(),
    })
}
