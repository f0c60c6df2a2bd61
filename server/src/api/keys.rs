//! `/api/keys`: who may do what.

use axum::Json;
use axum::response::{AppendHeaders, IntoResponse};
use glassworks_protocol::{ApiKey, CreatedKey, NewKey};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{JsonBody, KeyPath};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// Oldest first.
    keys: Vec<ApiKey>,
}

/// Lists every key.
///
/// Without its text, which nobody has but who was given it.
#[utoipa::path(
    get, path = "/api/keys", tag = tags::ACCESS, operation_id = "list_keys",
    responses((status = 200, description = "The list.", body = Keys)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> Json<Keys> {
    let keys = engine.keys();
    Json(Keys { keys })
}

/// Makes a key.
///
/// Its text is in the answer and never told again. From the first key on everybody has to sign in.
#[utoipa::path(
    post, path = "/api/keys", tag = tags::ACCESS, operation_id = "create_key",
    request_body(content = NewKey, example = json!({
        "name": "ci", "scope": "submit", "queues": ["builds"], "expires_in_ms": 7_776_000_000_u64,
    })),
    responses((status = 201, description = "Made and stored.", body = CreatedKey,
        links(
            ("revoke_key" = (operation_id = "revoke_key", parameters(("id" = "$response.body#/id")))),
        ))),
)]
pub(crate) async fn create(
    Acting(engine): Acting,
    JsonBody(new): JsonBody<NewKey>,
) -> ApiResult<impl IntoResponse> {
    let created = engine.create_key(new).await?;
    // It has a secret in it.
    let headers = AppendHeaders([(header::CACHE_CONTROL, "no-store")]);
    Ok((StatusCode::CREATED, headers, Json(created)))
}

/// Revokes a key, and ends the sessions that were begun with it.
///
/// It is good for nothing at once; streams that are open with it end within a second.
#[utoipa::path(
    delete, path = "/api/keys/{id}", tag = tags::ACCESS, operation_id = "revoke_key",
    params(KeyPath),
    responses((status = 204, description = "It is good for nothing.")),
)]
pub(crate) async fn revoke(Acting(engine): Acting, KeyPath(id): KeyPath) -> ApiResult<StatusCode> {
    engine.revoke_key(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
