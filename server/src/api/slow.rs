//! `GET /api/slow`: waits without blocking anybody, and shows what a time limit does.

use axum::Json;
use glassworks_handlers::basics::{self, SlowError};
use glassworks_protocol::{Problem, Waited};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Query, optional};
use crate::error::ApiResult;
use crate::openapi::{PROBLEM_JSON, tags};

/// How long to wait, and how long the client will.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SlowQuery {
    /// How long to wait, in seconds.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 0, maximum = 60, default = 3)]
    seconds: Option<f64>,
    /// How long the wait may take, in seconds. Without it there is no limit.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 0, maximum = 60)]
    timeout: Option<f64>,
}

/// Waits without holding up anybody else, and says for how long.
#[utoipa::path(
    get, path = "/api/slow", tag = tags::TRY,
    params(SlowQuery),
    responses(
        (status = 200, description = "It has waited.", body = Waited),
        (status = 504, description = "The time limit passed first.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn slow(Query(query): Query<SlowQuery>) -> ApiResult<Json<Waited>> {
    let waited = basics::slow(query.seconds, query.timeout).await;
    Ok(Json(waited.map_err(SlowError::problem)?))
}
