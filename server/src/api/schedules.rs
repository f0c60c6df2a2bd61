//! `/api/schedules`: cron rules that submit tasks.

use axum::Json;
use axum::response::IntoResponse;
use glassworks_engine::{Error, RequestContext};
use glassworks_protocol::{
    AcceptedTask, FieldError, FiringTime, NewSchedule, Problem, Schedule, TaskSummary, Timestamp,
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{JsonBody, Query, SchedulePath, optional};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::{PROBLEM_JSON, tags};

/// Firings that are foretold when the request does not say how many.
const DEFAULT_FIRINGS: u32 = 10;
/// Tasks that are told of when the request does not say how many.
const DEFAULT_TASKS: u32 = 10;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schedules {
    /// Oldest first.
    schedules: Vec<Schedule>,
}

/// Lists every schedule.
#[utoipa::path(
    get, path = "/api/schedules", tag = tags::SCHEDULES, operation_id = "list_schedules",
    responses((status = 200, description = "The list.", body = Schedules)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> ApiResult<Json<Schedules>> {
    let schedules = engine.schedules().await?;
    Ok(Json(Schedules { schedules }))
}

/// Makes a schedule.
#[utoipa::path(
    post, path = "/api/schedules", tag = tags::SCHEDULES, operation_id = "create_schedule",
    request_body(content = NewSchedule, example = json!({
        "cron": "0 3 * * *",
        "time_zone": "Europe/Berlin",
        "task": {"kind": "sleep", "payload": {"seconds": 5}, "tags": ["nightly"]},
    })),
    responses((status = 201, description = "Made and stored.", body = Schedule,
        headers(("Location" = String, description = "The schedule's address.")),
        links(
            ("get_schedule" = (operation_id = "get_schedule", parameters(("id" = "$response.body#/id")))),
            ("replace_schedule" = (operation_id = "replace_schedule", parameters(("id" = "$response.body#/id")))),
        ))),
)]
pub(crate) async fn create(
    Acting(engine): Acting,
    JsonBody(new): JsonBody<NewSchedule>,
) -> ApiResult<impl IntoResponse> {
    let schedule = engine.create_schedule(new).await?;
    let location = format!("/api/schedules/{}", schedule.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(schedule),
    ))
}

/// Reads a schedule.
#[utoipa::path(
    get, path = "/api/schedules/{id}", tag = tags::SCHEDULES, operation_id = "get_schedule",
    params(SchedulePath),
    responses((status = 200, description = "The schedule as it stands.", body = Schedule)),
)]
pub(crate) async fn get(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.schedule(id).await?))
}

/// Puts another rule and task in the place of a schedule's own.
///
/// It keeps its id and its past.
#[utoipa::path(
    put, path = "/api/schedules/{id}", tag = tags::SCHEDULES, operation_id = "replace_schedule",
    params(SchedulePath),
    request_body(content = NewSchedule, example = json!({
        "cron": "30 6 * * mon-fri",
        "task": {"kind": "sleep", "payload": {"seconds": 5}},
        "missed": "skip",
    })),
    responses((status = 200, description = "Changed and stored.", body = Schedule)),
)]
pub(crate) async fn put(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
    JsonBody(new): JsonBody<NewSchedule>,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.replace_schedule(id, new).await?))
}

/// Forgets a schedule.
///
/// The tasks that it submitted stay.
#[utoipa::path(
    delete, path = "/api/schedules/{id}", tag = tags::SCHEDULES, operation_id = "delete_schedule",
    params(SchedulePath),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
) -> ApiResult<StatusCode> {
    engine.delete_schedule(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a schedule submit nothing for now.
#[utoipa::path(
    post, path = "/api/schedules/{id}/pause", tag = tags::SCHEDULES,
    operation_id = "pause_schedule",
    params(SchedulePath),
    responses((status = 200, description = "It is paused.", body = Schedule)),
)]
pub(crate) async fn pause(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.pause_schedule(id, true).await?))
}

/// Sets a schedule going again, from its next moment on.
///
/// What it missed meanwhile is not caught up.
#[utoipa::path(
    post, path = "/api/schedules/{id}/resume", tag = tags::SCHEDULES,
    operation_id = "resume_schedule",
    params(SchedulePath),
    responses((status = 200, description = "It is not paused.", body = Schedule)),
)]
pub(crate) async fn resume(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.pause_schedule(id, false).await?))
}

/// How many firings to foretell.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FiringsQuery {
    /// How many moments.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 100, default = 10)]
    count: Option<u32>,
}

/// The next moments of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Firings {
    /// In order.
    firings: Vec<Timestamp>,
    /// What clocks in the rule's time zone show at each of them, with their offset.
    #[schema(example = json!(["2026-11-23T03:00:00+01:00"]))]
    local: Vec<String>,
}

impl From<Vec<FiringTime>> for Firings {
    fn from(firings: Vec<FiringTime>) -> Self {
        let (firings, local) = firings.into_iter().map(|it| (it.at, it.local)).unzip();
        Self { firings, local }
    }
}

/// Foretells when a schedule fires next.
///
/// A paused schedule is foretold too: these are the moments of its rule.
#[utoipa::path(
    get, path = "/api/schedules/{id}/firings", tag = tags::SCHEDULES,
    operation_id = "schedule_firings",
    params(SchedulePath, FiringsQuery),
    responses((status = 200, description = "Its next moments.", body = Firings)),
)]
pub(crate) async fn firings(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
    Query(query): Query<FiringsQuery>,
) -> ApiResult<Json<Firings>> {
    let count = query.count.unwrap_or(DEFAULT_FIRINGS);
    Ok(Json(engine.firings(id, count).await?.into()))
}

/// A rule, and how many firings to foretell.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleQuery {
    /// When, as a cron pattern.
    #[param(example = "0 3 * * *")]
    cron: String,
    /// The time zone the pattern is read in, an IANA name; `UTC` when absent.
    #[serde(default)]
    #[param(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// How many moments.
    #[serde(default, deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 100, default = 10)]
    count: Option<u32>,
}

/// Foretells when a rule would fire, before there is a schedule with it.
#[utoipa::path(
    get, path = "/api/firings", tag = tags::SCHEDULES, operation_id = "foretell_firings",
    params(RuleQuery),
    responses((status = 200, description = "Its next moments.", body = Firings)),
)]
pub(crate) async fn foretell(
    Acting(engine): Acting,
    Query(query): Query<RuleQuery>,
) -> ApiResult<Json<Firings>> {
    let zone = query.time_zone.as_deref().unwrap_or("UTC");
    let count = query.count.unwrap_or(DEFAULT_FIRINGS);
    let firings = engine.foretell(&query.cron, zone, count);
    Ok(Json(firings.map_err(in_query)?.into()))
}

/// Names what is wrong as a query does: without the slash of a JSON Pointer.
fn in_query(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError::new(error.pointer.trim_start_matches('/'), error.detail))
                .collect(),
        ),
        other => other,
    }
}

/// Submits a schedule's task now.
///
/// Whatever its rule says, and whether it is paused or not. Its next firing stays as it is. While an
/// unfinished task has the same `unique_key`, that one is the answer.
#[utoipa::path(
    post, path = "/api/schedules/{id}/run", tag = tags::SCHEDULES, operation_id = "run_schedule",
    params(SchedulePath),
    responses(
        (status = 202, description = "Accepted and stored.", body = AcceptedTask,
            headers(("Location" = String, description = "The task's address."))),
        (status = 422, description = "The task is not acceptable any more: its kind may be gone.",
            body = Problem, content_type = PROBLEM_JSON),
        (status = 503, description = "There is no room for more tasks.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
)]
pub(crate) async fn run(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
) -> ApiResult<impl IntoResponse> {
    let submitted = engine.run_schedule(id, &RequestContext::default()).await?;
    let location = format!("/api/tasks/{}", submitted.task.id);
    let accepted = AcceptedTask {
        task: submitted.task,
        existing: submitted.existing,
    };
    Ok((
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(accepted),
    ))
}

/// How many tasks to tell of.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TasksQuery {
    /// How many tasks.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 100, default = 10)]
    limit: Option<u32>,
}

/// The latest tasks of a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleTasks {
    /// Newest first.
    tasks: Vec<TaskSummary>,
}

/// Lists the latest tasks of a schedule.
///
/// Those that it has submitted and that are kept still, without payloads and results.
#[utoipa::path(
    get, path = "/api/schedules/{id}/tasks", tag = tags::SCHEDULES,
    operation_id = "schedule_tasks",
    params(SchedulePath, TasksQuery),
    responses((status = 200, description = "The list.", body = ScheduleTasks)),
)]
pub(crate) async fn tasks(
    Acting(engine): Acting,
    SchedulePath(id): SchedulePath,
    Query(query): Query<TasksQuery>,
) -> ApiResult<Json<ScheduleTasks>> {
    let limit = query.limit.unwrap_or(DEFAULT_TASKS);
    let tasks = engine.schedule_tasks(id, limit).await?;
    Ok(Json(ScheduleTasks { tasks }))
}
