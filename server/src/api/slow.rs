//! `GET /api/slow`: waits without blocking anybody, and shows what a time limit does.

use axum::Json;
use glassworks_protocol::{FieldError, Problem, ProblemCode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, bad_query, optional};
use super::seconds;
use crate::error::{ApiError, ApiResult};
use crate::openapi::{PROBLEM_JSON, tags};

/// The wait when the request does not say, in seconds.
const DEFAULT_SECONDS: f64 = 3.0;

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

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waited {
    /// For people.
    message: String,
    /// How long it took, to the millisecond.
    waited_seconds: f64,
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
    let mut faults: Vec<FieldError> = Vec::new();
    let mut read = |name, asked| {
        seconds::read(name, asked)
            .map_err(|fault| faults.push(fault))
            .ok()
    };
    let asked = query.seconds.unwrap_or(DEFAULT_SECONDS);
    let wait = read("seconds", asked).unwrap_or_default();
    let limit = query.timeout.and_then(|limit| read("timeout", limit));
    if !faults.is_empty() {
        return Err(bad_query(faults));
    }
    let began = Instant::now();
    let work = sleep(wait);
    match limit {
        Some(limit) => timeout(limit, work).await.map_err(|_| {
            let detail = format!(
                "The work was to take {asked} s, and the request allows {} s.",
                limit.as_secs_f64()
            );
            ApiError::new(ProblemCode::OutOfTime, detail)
        })?,
        None => work.await,
    }
    Ok(Json(Waited {
        message: format!("Waited {asked} s without holding up anybody else."),
        waited_seconds: seconds::written(began.elapsed()),
    }))
}
