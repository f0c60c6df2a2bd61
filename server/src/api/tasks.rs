//! `/api/tasks`: submit, list, read, cancel, retry, delete.

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::extract::State as Shared;
use axum::response::{AppendHeaders, IntoResponse, Response};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{
    AcceptedTask, ListedTask, NewTask, Order, PageRequest, Problem, State, Task, TaskFilter,
    TaskId, TaskPage, Timestamp,
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{JsonBody, Query, TaskPath, optional};
use super::prefer::{PREFERENCE_APPLIED, Wait};
use super::submit_headers::{EXISTING, REPLAYED, SubmitHeaders};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::held::{self, room};
use crate::node::Node;
use crate::openapi::{PROBLEM_JSON, tags};

/// What a page of summaries takes at most: as it is read, and written.
const SUMMARIES_BYTES: usize = 512 * 1024;

/// What a page of whole tasks takes at most, 1 MiB of them: as they are read, and written.
const TASKS_BYTES: usize = 2 * 1024 * 1024;

/// Submits a task.
///
/// It is accepted once it is safely stored, and runs when a worker is free. With a `unique_key`
/// that an unfinished task has already, that task is the answer, whatever its kind and payload, and
/// `existing` says so. With `Prefer: wait=N` the answer
/// waits for the task's end, for N seconds at most.
#[utoipa::path(
    post, path = "/api/tasks", tag = tags::TASKS, operation_id = "submit_task",
    params(SubmitHeaders, Wait),
    request_body = NewTask,
    responses(
        (status = 200, description = "It is over, within the time that `Prefer` asked for.",
            body = AcceptedTask, headers(
                ("Location" = String, description = "The task's address."),
                ("Preference-Applied" = String, description = "The wait that was granted."),
                ("Existing-Task" = bool, description = "The task stood already, as `existing` says."),
                ("Idempotent-Replayed" = bool, description = "The same request was answered before."),
            )),
        (status = 202, description = "Accepted and stored.", body = AcceptedTask,
            headers(
                ("Location" = String, description = "The task's address."),
                ("Preference-Applied" = String, description = "The wait that was granted."),
                ("Existing-Task" = bool, description = "The task stood already, as `existing` says."),
                ("Idempotent-Replayed" = bool, description = "The same request was answered before."),
            ),
            links(
                ("get_task" = (operation_id = "get_task", parameters(("id" = "$response.body#/id")))),
                ("task_events" = (operation_id = "task_events", parameters(("id" = "$response.body#/id")))),
                ("task_output" = (operation_id = "task_output", parameters(("id" = "$response.body#/id")))),
                ("cancel_task" = (operation_id = "cancel_task", parameters(("id" = "$response.body#/id")))),
                ("retry_task" = (operation_id = "retry_task", parameters(("id" = "$response.body#/id")))),
                ("delete_task" = (operation_id = "delete_task", parameters(("id" = "$response.body#/id")))),
            )),
        (status = 409, description = "The same request is being answered at this moment.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
        (status = 410, description = "The task that answered this request before has been deleted.",
            body = Problem, content_type = PROBLEM_JSON),
        (status = 503, description = "The backlog is full, or the server is shutting down.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn submit(
    Shared(node): Shared<Node>,
    Acting(engine): Acting,
    headers: HeaderMap,
    SubmitHeaders(context): SubmitHeaders,
    JsonBody(new): JsonBody<NewTask>,
) -> ApiResult<Response> {
    let submitted = engine.submit_as(new, &context).await?;
    let location = format!("/api/tasks/{}", submitted.task.id);
    let mut response_headers = AppendHeaders(vec![(header::LOCATION, location)]);
    if submitted.existing {
        response_headers.0.push((EXISTING, "true".to_owned()));
    }
    if submitted.replayed {
        response_headers.0.push((REPLAYED, "true".to_owned()));
    }
    let mut task = submitted.task;
    let mut status = StatusCode::ACCEPTED;
    if let Some(wait) = Wait::asked(&headers) {
        response_headers
            .0
            .push((PREFERENCE_APPLIED, wait.applied()));
        // Accepted it is, whatever becomes of the wait: an error would make its client send it again.
        match ended_within(&engine, &node, task.id, wait).await {
            Ok(waited) => task = waited,
            Err(error) => tracing::warn!(task = %task.id, %error, "a wait for a task failed"),
        }
        if task.state.is_final() {
            status = StatusCode::OK;
        }
    }
    let existing = submitted.existing;
    let accepted = AcceptedTask { task, existing };
    Ok((status, response_headers, Json(accepted)).into_response())
}

/// The task at its end, or as it stands when the wait or the server is over before.
async fn ended_within(engine: &Engine, node: &Node, id: TaskId, wait: Wait) -> Result<Task, Error> {
    let stop = node.shutdown.stream_end();
    tokio::select! {
        ended = engine.ended(id) => ended,
        () = tokio::time::sleep(wait.duration()) => engine.task(id).await,
        () = stop.cancelled() => engine.task(id).await,
    }
}

/// What a list can be asked for. Flat, because query strings are.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Only tasks in this state, or in one of several with commas between them.
    #[serde(deserialize_with = "optional")]
    #[param(
        value_type = Option<String>, example = "queued,running",
        pattern = "^((scheduled|queued|running|retrying|completed|failed|cancelled)(,(scheduled|queued|running|retrying|completed|failed|cancelled))*)?$",
    )]
    state: Option<Words<State>>,
    /// Only tasks of this kind.
    #[serde(deserialize_with = "optional")]
    kind: Option<String>,
    /// Only tasks of this queue.
    #[serde(deserialize_with = "optional")]
    queue: Option<String>,
    /// Only tasks with this tag.
    #[serde(deserialize_with = "optional")]
    tag: Option<String>,
    /// Only tasks that were submitted at this moment or later, by the time that their ids begin with.
    #[serde(deserialize_with = "optional")]
    since: Option<Timestamp>,
    /// Only tasks that were submitted before this moment, by the time that their ids begin with.
    #[serde(deserialize_with = "optional")]
    until: Option<Timestamp>,
    /// Only tasks with this text in id, kind, tags, payload or error. Letter case does not count,
    /// by Unicode. What is in a payload is found as it was sent and as it reads without the escapes
    /// of JSON. First come the tasks that it names: by the beginning of their id (8 characters or
    /// more), their kind or a tag. Looking through the others ends after two seconds, and
    /// `next_cursor` goes on.
    #[serde(deserialize_with = "optional")]
    #[param(max_length = 256)]
    q: Option<String>,
    /// What to tell of each task beside its summary: `payload`, `result` and `errors`, with commas
    /// between them. A page of them ends early, at 1 MiB.
    #[serde(deserialize_with = "optional")]
    #[param(
        value_type = Option<String>, example = "payload,result",
        pattern = "^((payload|result|errors)(,(payload|result|errors))*)?$",
    )]
    fields: Option<Words<Field>>,
    /// How many tasks a page has at most.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` or `previous_cursor` of a page.
    #[serde(deserialize_with = "optional")]
    cursor: Option<String>,
    /// Which task comes first: the one that was submitted last, or the one that was submitted
    /// first. Not with `q`.
    #[serde(deserialize_with = "optional")]
    #[param(inline)]
    order: Option<Order>,
}

/// What a list can tell of a task beside its summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Payload,
    Result,
    Errors,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "payload" => Ok(Self::Payload),
            "result" => Ok(Self::Result),
            "errors" => Ok(Self::Errors),
            _ => Err(format!(
                "`{word}` is not a field of this sort; they are payload, result, errors"
            )),
        }
    }
}

/// Words with commas between them.
#[derive(Debug)]
struct Words<T>(Vec<T>);

impl<T: FromStr<Err: Display>> FromStr for Words<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let words = text.split(',').map(|word| word.trim().parse());
        words.collect::<Result<_, _>>().map(Self)
    }
}

/// Lists tasks, newest first unless `order` says otherwise.
///
/// Page by page: `next_cursor` of one page is the `cursor` of the next, and `previous_cursor` leads
/// back. A task is told in short: without payload, result and errors, unless `fields` names them,
/// and with long texts cut. A page can have fewer tasks than `limit` and not be the last. A
/// parameter without a value counts as absent.
#[utoipa::path(
    get, path = "/api/tasks", tag = tags::TASKS, operation_id = "list_tasks",
    params(ListQuery),
    responses(
        (status = 200, description = "One page.", body = TaskPage<ListedTask>),
        (status = 503, description = "Too much is asked at the same time, or this takes too long: narrow it.",
            body = Problem, content_type = PROBLEM_JSON,
            headers(("Retry-After" = u32, description = "Seconds to wait before another try."))),
    ),
)]
pub(crate) async fn list(
    Shared(node): Shared<Node>,
    Acting(engine): Acting,
    Query(query): Query<ListQuery>,
) -> ApiResult<Response> {
    let filter = TaskFilter {
        state: query.state.map(|Words(states)| states).unwrap_or_default(),
        kind: query.kind,
        queue: query.queue,
        tag: query.tag,
        since: query.since,
        until: query.until,
        q: query.q,
        ..TaskFilter::default()
    };
    let page = PageRequest {
        limit: query.limit,
        cursor: query.cursor,
        order: query.order,
    };
    let fields = query.fields.map(|Words(fields)| fields).unwrap_or_default();
    if fields.is_empty() {
        let permit = room(&node.budget.lists, SUMMARIES_BYTES).await?;
        let page = engine.summaries(&filter, &page).await?;
        return held::json(page.map(ListedTask::from), permit).await;
    }
    let has = |field| fields.contains(&field);
    let permit = room(&node.budget.lists, TASKS_BYTES).await?;
    let page = engine.tasks(&filter, &page).await?;
    let page = page.map(|mut task| ListedTask {
        payload: has(Field::Payload).then(|| task.payload.clone()),
        result: task.result.take().filter(|_| has(Field::Result)),
        errors: has(Field::Errors).then(|| std::mem::take(&mut task.errors)),
        summary: task.into(),
    });
    held::json(page, permit).await
}

/// Reads a task.
///
/// One that failed is an answer like any other: `state` says what became of it.
#[utoipa::path(
    get, path = "/api/tasks/{id}", tag = tags::TASKS, operation_id = "get_task",
    params(TaskPath),
    responses((status = 200, description = "The task as it stands.", body = Task)),
)]
pub(crate) async fn get(Acting(engine): Acting, TaskPath(id): TaskPath) -> ApiResult<Json<Task>> {
    Ok(Json(engine.task(id).await?))
}

/// Deletes a task that is over.
///
/// With its log and its output.
#[utoipa::path(
    delete, path = "/api/tasks/{id}", tag = tags::TASKS, operation_id = "delete_task",
    params(TaskPath),
    responses(
        (status = 204, description = "It is gone."),
        (status = 409, description = "It is not over: cancel it first.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn delete(
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
) -> ApiResult<StatusCode> {
    engine.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancels a task.
///
/// One that waits is cancelled at once. One that runs is asked to stop: `cancel_requested` says
/// that it was asked, `state` that it has stopped.
#[utoipa::path(
    post, path = "/api/tasks/{id}/cancel", tag = tags::TASKS, operation_id = "cancel_task",
    params(TaskPath),
    responses(
        (status = 202, description = "Cancelled, or asked to stop.", body = Task),
        (status = 409, description = "It is over already.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn cancel(
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::ACCEPTED, Json(engine.cancel(id).await?)))
}

/// Makes a task due now.
///
/// One that failed or was cancelled is tried again, with all its attempts before it.
#[utoipa::path(
    post, path = "/api/tasks/{id}/retry", tag = tags::TASKS, operation_id = "retry_task",
    params(TaskPath),
    responses(
        (status = 202, description = "It is queued.", body = Task),
        (status = 409, description = "It is queued, running or completed.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn retry(
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::ACCEPTED, Json(engine.retry(id).await?)))
}
