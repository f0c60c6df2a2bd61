//! `/api/aggregate`: asks several services at the same time.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use futures::future::join_all;
use glassworks_handlers::fetch::{self, Payload, Report};
use glassworks_handlers::outbound::Outbound;
use http::HeaderMap;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;

use super::extract::JsonBody;
use super::seconds;
use crate::error::{ApiError, ApiResult};
use crate::openapi::tags;

/// A built-in service: its name, and how long it takes to answer.
type Service = (&'static str, Duration);

const SERVICES: [Service; 3] = [
    ("a", Duration::from_secs(1)),
    ("b", Duration::from_secs(2)),
    ("c", Duration::from_millis(1_500)),
];

/// What the built-in services answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Aggregate {
    /// In the order in which they were asked.
    results: Vec<Answer>,
    /// Seconds that all of it took.
    total_time: f64,
    /// What there is to see.
    note: &'static str,
}

/// What one of them answered.
#[derive(Debug, Serialize, ToSchema)]
struct Answer {
    /// Its name.
    source: &'static str,
    /// What it said.
    data: String,
    /// Seconds that it took.
    took: f64,
}

/// Asks three built-in services at the same time.
///
/// They take 1.0, 2.0 and 1.5 seconds; all of it takes as long as the slowest.
#[utoipa::path(
    get, path = "/api/aggregate", tag = tags::TRY, operation_id = "aggregate",
    responses((status = 200, description = "What they answered.", body = Aggregate)),
)]
pub(crate) async fn built_in() -> Json<Aggregate> {
    let began = Instant::now();
    let results = join_all(SERVICES.map(ask)).await;
    Json(Aggregate {
        results,
        total_time: seconds::written(began.elapsed()),
        note: "All were asked at the same time, so it took as long as the slowest, not the sum.",
    })
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

async fn ask((source, takes): Service) -> Answer {
    let began = Instant::now();
    sleep(takes).await;
    Answer {
        source,
        data: format!("Data from service {source}"),
        took: seconds::written(began.elapsed()),
    }
}

#[cfg(test)]
mod tests {
    use super::built_in;

    #[tokio::test(start_paused = true)]
    async fn it_takes_as_long_as_the_slowest() {
        let answer = built_in().await.0;
        let took: Vec<f64> = answer.results.iter().map(|answer| answer.took).collect();
        assert_eq!(took, [1.0, 2.0, 1.5]);
        let sources: Vec<&str> = answer.results.iter().map(|answer| answer.source).collect();
        assert_eq!(sources, ["a", "b", "c"]);
        assert!((2.0..2.1).contains(&answer.total_time), "{answer:?}");
    }
}
