//! `/api/schedules`: cron rules that submit tasks.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use glassworks_engine::Engine;
use glassworks_protocol::{NewSchedule, Schedule, Timestamp};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::extract::{JsonBody, Query, SchedulePath, optional};
use crate::error::ApiResult;

/// Firings that are foretold when the request does not say how many.
const DEFAULT_FIRINGS: u32 = 10;

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct Schedules {
    schedules: Vec<Schedule>,
}

/// Every schedule, oldest first.
pub(crate) async fn list(State(engine): State<Engine>) -> ApiResult<Json<Schedules>> {
    let schedules = engine.schedules().await?;
    Ok(Json(Schedules { schedules }))
}

/// Makes a schedule: 201 once it is safely stored.
pub(crate) async fn create(
    State(engine): State<Engine>,
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

/// One schedule as it stands.
pub(crate) async fn get(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.schedule(id).await?))
}

/// Puts another rule and task in the place of a schedule's own.
pub(crate) async fn put(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
    JsonBody(new): JsonBody<NewSchedule>,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.replace_schedule(id, new).await?))
}

/// Forgets a schedule. The tasks that it submitted stay.
pub(crate) async fn delete(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
) -> ApiResult<StatusCode> {
    engine.delete_schedule(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a schedule submit nothing for now.
pub(crate) async fn pause(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.pause_schedule(id, true).await?))
}

/// Sets a schedule going again, from its next moment on.
pub(crate) async fn resume(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
) -> ApiResult<Json<Schedule>> {
    Ok(Json(engine.pause_schedule(id, false).await?))
}

/// How many firings to foretell.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FiringsQuery {
    #[serde(deserialize_with = "optional")]
    count: Option<u32>,
}

/// The next moments of a schedule's rule.
#[derive(Debug, Serialize)]
pub(crate) struct Firings {
    firings: Vec<Timestamp>,
}

/// When a schedule fires next, unless it is paused then.
pub(crate) async fn firings(
    State(engine): State<Engine>,
    SchedulePath(id): SchedulePath,
    Query(query): Query<FiringsQuery>,
) -> ApiResult<Json<Firings>> {
    let count = query.count.unwrap_or(DEFAULT_FIRINGS);
    let firings = engine.firings(id, count).await?;
    Ok(Json(Firings { firings }))
}
