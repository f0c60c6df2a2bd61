//! `POST /api/tasks/batch` and `/api/tasks/bulk`: many tasks with one request.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::IntoResponse;
use glassworks_engine::{Engine, RequestContext};
use glassworks_protocol::{BulkChange, BulkOutcome, FieldError, NewTask, Task};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::extract::JsonBody;
use crate::error::{ApiError, ApiResult};

/// Tasks to be, 1 to 1,000.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    tasks: Vec<NewTask>,
}

/// The tasks, in the order in which they were sent.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    tasks: Vec<Task>,
}

/// Accepts tasks, all of them or none: 202 once they are safely stored. In the place of one whose
/// `unique_key` an unfinished task has already, that task is given.
pub(crate) async fn submit(
    Shared(engine): Shared<Engine>,
    JsonBody(batch): JsonBody<Batch>,
) -> ApiResult<impl IntoResponse> {
    let context = RequestContext::default();
    let submitted = engine.submit_all(batch.tasks, &context).await?;
    let tasks = submitted.into_iter().map(|one| one.task).collect();
    Ok((StatusCode::ACCEPTED, Json(Accepted { tasks })))
}

/// Cancels, retries or deletes every task that matches, and says how many.
pub(crate) async fn change(
    Shared(engine): Shared<Engine>,
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
