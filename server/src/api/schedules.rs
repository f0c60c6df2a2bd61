//! `/api/schedules`: cron rules that submit tasks.

use axum::Json;
use axum::response::IntoResponse;
use glassworks_protocol::{NewSchedule, Schedule, Timestamp};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{JsonBody, Query, SchedulePath, optional};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// Firings that are foretold when the request does not say how many.
const DEFAULT_FIRINGS: u32 = 10;

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

/// The next moments of a schedule's rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Firings {
    /// In order.
    firings: Vec<Timestamp>,
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
    let firings = engine.firings(id, count).await?;
    Ok(Json(Firings { firings }))
}
