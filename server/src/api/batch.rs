//! `POST /api/tasks/batch` and `/api/tasks/bulk`: many tasks with one request.

use axum::Json;
use axum::response::{AppendHeaders, IntoResponse};
use glassworks_protocol::{AcceptedTask, BulkChange, BulkOutcome, FieldError, NewTask, Problem};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::JsonBody;
use super::submit_headers::{EXISTING, REPLAYED, SubmitHeaders};
use crate::access::Acting;
use crate::error::{ApiError, ApiResult};
use crate::openapi::{PROBLEM_JSON, tags};

/// Tasks to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// 1 to 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    tasks: Vec<NewTask>,
}

/// Tasks that were accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// In the order in which they were sent.
    tasks: Vec<AcceptedTask>,
}

/// Submits up to 1,000 tasks, all of them or none.
///
/// They are accepted once all are safely stored. In the place of one whose `unique_key` an
/// unfinished task has already, that task is given, and its `existing` says so. The body has at most 8 MiB.
#[utoipa::path(
    post, path = "/api/tasks/batch", tag = tags::TASKS, operation_id = "submit_tasks",
    params(SubmitHeaders),
    request_body(content = Batch, example = json!({"tasks": [
        {"kind": "sleep", "payload": {"seconds": 1}},
        {"kind": "sleep", "payload": {"seconds": 2}, "priority": 0},
    ]})),
    responses(
        (status = 202, description = "All are accepted and stored.", body = Accepted,
            headers(
                ("Existing-Task" = bool, description = "At least one of the tasks stood already."),
                ("Idempotent-Replayed" = bool, description = "The same request was answered before."),
            )),
        (status = 409, description = "The same request is being answered at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
        (status = 410, description = "A task that answered this request before has been deleted.",
            body = Problem, content_type = PROBLEM_JSON),
        (status = 503, description = "The backlog is full, or the server is shutting down.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn submit(
    Acting(engine): Acting,
    SubmitHeaders(context): SubmitHeaders,
    JsonBody(batch): JsonBody<Batch>,
) -> ApiResult<impl IntoResponse> {
    let submitted = engine.submit_all(batch.tasks, &context).await?;
    let replayed = submitted.iter().any(|one| one.replayed);
    let existing = submitted.iter().any(|one| one.existing);
    let marks = [(EXISTING, existing), (REPLAYED, replayed)];
    let marks = marks.into_iter().filter(|(_, holds)| *holds);
    let headers = AppendHeaders(marks.map(|(name, _)| (name, "true")));
    let tasks = submitted.into_iter().map(|one| AcceptedTask {
        task: one.task,
        existing: one.existing,
    });
    let tasks = tasks.collect();
    Ok((StatusCode::ACCEPTED, headers, Json(Accepted { tasks })))
}

/// Cancels, retries or deletes every task that matches.
///
/// A task whose state forbids it is passed over, and counts as matched only. A filter that lets
/// every task pass is refused, unless `all` says that this is meant. It goes on when the client
/// leaves before it is done, and the server's log says what came of it.
#[utoipa::path(
    post, path = "/api/tasks/bulk", tag = tags::TASKS, operation_id = "change_tasks",
    request_body(content = BulkChange, example = json!({
        "action": "retry",
        "filter": {"state": "failed", "tag": "nightly"},
    })),
    responses((status = 200, description = "It is done.", body = BulkOutcome)),
)]
pub(crate) async fn change(
    Acting(engine): Acting,
    JsonBody(change): JsonBody<BulkChange>,
) -> ApiResult<Json<BulkOutcome>> {
    let everything = change.filter.passes_all();
    if everything != change.all {
        let detail = if everything {
            "lets every task pass; if that is meant, say `\"all\": true` beside it"
        } else {
            "excludes a filter that lets only some tasks pass"
        };
        let pointer = if everything { "/filter" } else { "/all" };
        return Err(ApiError::unprocessable(
            "The change is not clear about which tasks are meant.",
            vec![FieldError::new(pointer, detail)],
        ));
    }
    Ok(Json(
        engine.change_all(change.action, &change.filter).await?,
    ))
}
