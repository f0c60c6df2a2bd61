//! `/api/sessions`: browsers that have signed in.

use axum::Json;
use glassworks_protocol::Session;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::SessionPath;
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// Oldest first.
    sessions: Vec<Session>,
}

/// Lists the sessions that are not over.
///
/// Those that were begun with the caller's own key; all of them with the scope `admin`.
#[utoipa::path(
    get, path = "/api/sessions", tag = tags::ACCESS, operation_id = "list_sessions",
    responses((status = 200, description = "The list.", body = Sessions)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> Json<Sessions> {
    let sessions = engine.sessions();
    Json(Sessions { sessions })
}

/// Ends a session.
///
/// One that was begun with the caller's own key; any with the scope `admin`. Streams that are open
/// with it end within a second.
#[utoipa::path(
    delete, path = "/api/sessions/{id}", tag = tags::ACCESS, operation_id = "end_session",
    params(SessionPath),
    responses((status = 204, description = "It is over.")),
)]
pub(crate) async fn end(
    Acting(engine): Acting,
    SessionPath(id): SessionPath,
) -> ApiResult<StatusCode> {
    engine.end_session(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
