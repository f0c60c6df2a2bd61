//! `GET /api/hello`: the least that an async server can do.

use axum::Json;
use glassworks_handlers::basics;
use glassworks_protocol::Hello;

use crate::openapi::tags;

/// Greets.
///
/// The least that an async server can do: nothing is waited for, nothing is looked up.
#[utoipa::path(
    get, path = "/api/hello", tag = tags::TRY,
    responses((status = 200, description = "A greeting.", body = Hello)),
)]
pub(crate) async fn hello() -> Json<Hello> {
    Json(basics::hello())
}
