//! `/api/tasks`: submit, list, read, cancel, retry, delete.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::{AppendHeaders, IntoResponse, Response};
use glassworks_engine::Engine;
use glassworks_protocol::{NewTask, PageRequest, State, Task, TaskFilter, TaskPage};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::extract::{JsonBody, Query, TaskPath, optional};
use super::prefer::{PREFERENCE_APPLIED, Wait};
use super::submit_headers::{REPLAYED, SubmitHeaders};
use crate::error::ApiResult;
use crate::node::Node;

/// Accepts a task: 202 once it is safely stored. With a `unique_key` that an unfinished task has
/// already, that task is the answer.
///
/// With `Prefer: wait=N` a task that is over within N seconds is answered by 200.
pub(crate) async fn submit(
    Shared(node): Shared<Node>,
    headers: HeaderMap,
    SubmitHeaders(context): SubmitHeaders,
    JsonBody(new): JsonBody<NewTask>,
) -> ApiResult<Response> {
    let submitted = node.engine.submit_as(new, &context).await?;
    let location = format!("/api/tasks/{}", submitted.task.id);
    let mut response_headers = AppendHeaders(vec![(header::LOCATION, location)]);
    if submitted.replayed {
        response_headers.0.push((REPLAYED, "true".to_owned()));
    }
    let mut task = submitted.task;
    let mut status = StatusCode::ACCEPTED;
    if let Some(wait) = Wait::asked(&headers) {
        response_headers
            .0
            .push((PREFERENCE_APPLIED, wait.applied()));
        task = ended_within(&node, task, wait).await?;
        if task.state.is_final() {
            status = StatusCode::OK;
        }
    }
    Ok((status, response_headers, Json(task)).into_response())
}

/// The task at its end, or as it stands when the wait or the server is over before.
async fn ended_within(node: &Node, task: Task, wait: Wait) -> ApiResult<Task> {
    let stop = node.shutdown.stream_end();
    tokio::select! {
        ended = node.engine.ended(task.id) => Ok(ended?),
        () = tokio::time::sleep(wait.duration()) => Ok(node.engine.task(task.id).await?),
        () = stop.cancelled() => Ok(node.engine.task(task.id).await?),
    }
}

/// What a list can be asked for. Flat, because query strings are.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(deserialize_with = "optional")]
    state: Option<State>,
    #[serde(deserialize_with = "optional")]
    kind: Option<String>,
    #[serde(deserialize_with = "optional")]
    queue: Option<String>,
    #[serde(deserialize_with = "optional")]
    tag: Option<String>,
    #[serde(deserialize_with = "optional")]
    q: Option<String>,
    #[serde(deserialize_with = "optional")]
    limit: Option<u32>,
    #[serde(deserialize_with = "optional")]
    cursor: Option<String>,
}

/// One page of tasks, newest first.
pub(crate) async fn list(
    Shared(engine): Shared<Engine>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<TaskPage>> {
    let filter = TaskFilter {
        state: query.state,
        kind: query.kind,
        queue: query.queue,
        tag: query.tag,
        q: query.q,
    };
    let page = PageRequest {
        limit: query.limit,
        cursor: query.cursor,
    };
    Ok(Json(engine.tasks(&filter, &page).await?))
}

/// One task, whatever became of it.
pub(crate) async fn get(
    Shared(engine): Shared<Engine>,
    TaskPath(id): TaskPath,
) -> ApiResult<Json<Task>> {
    Ok(Json(engine.task(id).await?))
}

/// Removes a task that is over.
pub(crate) async fn delete(
    Shared(engine): Shared<Engine>,
    TaskPath(id): TaskPath,
) -> ApiResult<StatusCode> {
    engine.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancels a task that waits, asks one that runs to stop.
pub(crate) async fn cancel(
    Shared(engine): Shared<Engine>,
    TaskPath(id): TaskPath,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::ACCEPTED, Json(engine.cancel(id).await?)))
}

/// Makes a task due now, with its attempts afresh.
pub(crate) async fn retry(
    Shared(engine): Shared<Engine>,
    TaskPath(id): TaskPath,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::ACCEPTED, Json(engine.retry(id).await?)))
}
