//! `/api/claims`: what workers in any language say and are told.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::Response;
use glassworks_engine::Engine;
use glassworks_protocol::{
    AttemptFailures, Beat, BeatAnswer, ClaimAnswer, ClaimRequest, Completions, EndAnswer,
    FinishedAttempt, Problem, Releases,
};

use super::extract::JsonBody;
use crate::access::Acting;
use crate::error::{ApiError, ApiResult};
use crate::held;
use crate::node::Node;
use crate::openapi::{PROBLEM_JSON, tags};

/// Gives a worker tasks of the kinds that it serves.
///
/// It waits for the first task for `wait_ms` at most; then the answer is an empty list. Each task
/// comes with a lease: a secret that lets its holder write for the attempt, for `lease_ms` unless a
/// beat renews it. The first lease is short. A client that hangs up while it waits takes nothing.
///
/// With a `request_id`, the same request gives the same tasks again, so that an answer which was
/// lost on its way costs nothing. A kind exists from the first claim that offers it. What is in
/// `finished` is taken before anything is given out. The body has at most 8 MiB.
#[utoipa::path(
    post, path = "/api/claims", tag = tags::WORKERS, operation_id = "claim_tasks",
    request_body(content = ClaimRequest, example = json!({
        "worker": "resizer-1",
        "kinds": [{"kind": "resize", "description": "Makes an image smaller."}],
        "limit": 1,
        "wait_ms": 1,
        "request_id": "0b1c6a52-8f34-4c0e-9d7a-3f1f6f3a2e11",
    })),
    responses(
        (status = 200, description = "The tasks, or none in time.", body = ClaimAnswer),
        (status = 503, description = "The server is shutting down, or cannot store anything.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn claim(
    Shared(node): Shared<Node>,
    Acting(engine): Acting,
    JsonBody(request): JsonBody<ClaimRequest>,
) -> ApiResult<Response> {
    let mut granted = engine.claim(request).await?;
    let payloads = granted.answer.tasks.iter();
    let bytes: usize = payloads.map(|task| task.payload.get().len()).sum();
    // Refused after all, and put back, when there is no room for what they were submitted with.
    let permit = held::room(&node.budget.lists, held_bytes(bytes)).await?;
    let answer = std::mem::take(&mut granted.answer);
    let response = held::json(answer, permit).await?;
    granted.keep();
    Ok(response)
}

/// What an answer takes: as it was read, and written.
fn held_bytes(payloads: usize) -> usize {
    2 * payloads + 4 * 1024
}

/// Renews a worker's leases, and keeps what its attempts have done since the last beat.
///
/// One call for all that it makes, at least each third of a lease. Of each attempt it says how it
/// stands: `ok`, `cancel` when it is to stop, or `lost` when the task is not its any more. The
/// `offset` of a piece of output makes a beat harmless that is sent twice. The body has at most 8 MiB.
#[utoipa::path(
    post, path = "/api/claims/beat", tag = tags::WORKERS, operation_id = "beat",
    request_body(content = Beat, example = json!({
        "worker": "resizer-1",
        "items": [{
            "task": "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60",
            "lease": "0c9f…",
            "progress": {"fraction": 0.4, "message": "resizing"},
            "output": {"offset": 0, "text": "reading a.png\n"},
        }],
    })),
    responses(
        (status = 200, description = "How each attempt stands.", body = BeatAnswer),
        (status = 503, description = "The server cannot store anything at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn beat(
    Acting(engine): Acting,
    JsonBody(beat): JsonBody<Beat>,
) -> ApiResult<Json<BeatAnswer>> {
    Ok(Json(engine.beat(beat).await?))
}

/// Ends attempts that have completed.
///
/// Once the answer is there, their results are safely stored. Saying it again is answered `ok`; an
/// attempt that is not its task's any more is `lost`. The body has at most 8 MiB.
#[utoipa::path(
    post, path = "/api/claims/complete", tag = tags::WORKERS, operation_id = "complete_attempts",
    request_body = Completions,
    responses(
        (status = 200, description = "What became of each.", body = EndAnswer),
        (status = 503, description = "The server cannot store anything at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn complete(
    Acting(engine): Acting,
    JsonBody(Completions { items }): JsonBody<Completions>,
) -> ApiResult<Json<EndAnswer>> {
    end(&engine, items).await
}

/// Ends attempts that have failed.
///
/// Others follow after the task's backoff or `retry_after_ms`, unless `permanent` says that they would
/// be of no use, or none are left. Repeating it is harmless, as with completions.
#[utoipa::path(
    post, path = "/api/claims/fail", tag = tags::WORKERS, operation_id = "fail_attempts",
    request_body = AttemptFailures,
    responses(
        (status = 200, description = "What became of each.", body = EndAnswer),
        (status = 503, description = "The server cannot store anything at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn fail(
    Acting(engine): Acting,
    JsonBody(AttemptFailures { items }): JsonBody<AttemptFailures>,
) -> ApiResult<Json<EndAnswer>> {
    end(&engine, items).await
}

/// Puts tasks back that a worker will not make to their end.
///
/// Such an attempt does not count. A task that was asked to stop has stopped then. Repeating it is
/// harmless, as with completions.
#[utoipa::path(
    post, path = "/api/claims/release", tag = tags::WORKERS, operation_id = "release_attempts",
    request_body = Releases,
    responses(
        (status = 200, description = "What became of each.", body = EndAnswer),
        (status = 503, description = "The server cannot store anything at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn release(
    Acting(engine): Acting,
    JsonBody(Releases { items }): JsonBody<Releases>,
) -> ApiResult<Json<EndAnswer>> {
    end(&engine, items).await
}

async fn end(
    engine: &Engine,
    items: Vec<impl Into<FinishedAttempt>>,
) -> Result<Json<EndAnswer>, ApiError> {
    let ended = items.into_iter().map(Into::into).collect();
    let items = engine.end_attempts(ended).await?;
    Ok(Json(EndAnswer { items }))
}
