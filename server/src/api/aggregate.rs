//! `/api/aggregate`: asks several services at the same time.

use axum::Json;
use axum::extract::State;
use glassworks_handlers::basics;
use glassworks_handlers::fetch::{self, Payload, Report};
use glassworks_handlers::outbound::Outbound;
use glassworks_protocol::Aggregate;
use http::HeaderMap;

use super::extract::JsonBody;
use crate::error::{ApiError, ApiResult};
use crate::openapi::tags;

/// Asks three built-in services at the same time.
///
/// They take 1.0, 2.0 and 1.5 seconds; all of it takes as long as the slowest.
#[utoipa::path(
    get, path = "/api/aggregate", tag = tags::TRY, operation_id = "aggregate",
    responses((status = 200, description = "What they answered.", body = Aggregate)),
)]
pub(crate) async fn built_in() -> Json<Aggregate> {
    Json(basics::aggregate().await)
}

/// Fetches several URLs at the same time.
///
/// One that fails or is late is reported beside the others, and does not fail the rest. Private,
/// loopback and other special addresses are refused, unless the operator allows the host. As a task
/// this is the kind `fetch`.
#[utoipa::path(
    post, path = "/api/aggregate", tag = tags::TRY, operation_id = "aggregate_urls",
    request_body(content = Payload, example = json!({
        "sources": [{"name": "example", "url": "https://example.com/"}],
        "timeout_ms": 3000,
    })),
    responses((status = 200, description = "What became of each.", body = Report)),
)]
pub(crate) async fn urls(
    State(outbound): State<Outbound>,
    headers: HeaderMap,
    JsonBody(payload): JsonBody<Payload>,
) -> ApiResult<Json<Report>> {
    payload
        .check(&outbound)
        .map_err(|faults| ApiError::unprocessable("The sources are not acceptable.", faults))?;
    let trace = headers
        .get("traceparent")
        .and_then(|trace| trace.to_str().ok());
    Ok(Json(fetch::all(&outbound, &payload, trace).await))
}
