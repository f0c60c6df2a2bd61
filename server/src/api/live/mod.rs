//! What speaks WebSocket: `/api/ws`, the browser's one connection for all it watches, and
//! `/api/tasks/{id}/ws`, one task's events for anybody.

mod browser;
mod list;
mod socket;
mod stats;
mod subscriptions;
mod task;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;
use glassworks_protocol::{Problem, ProblemCode};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Query, TaskPath, optional};
use crate::access::Acting;
use crate::error::{ApiError, ApiResult};
use crate::node::Node;
use crate::openapi::{PROBLEM_JSON, tags};
use browser::Browser;
use task::EventLog;

/// What one connection may hold of the budget, however many subscriptions it has.
const SOCKET_BYTES: usize = 1024 * 1024;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// Watches tasks, lists and figures over one WebSocket.
///
/// The client opens numbered subscriptions with a `ClientMessage` each; every `ServerMessage`
/// names the subscription that it belongs to. All are JSON text frames. The server closes with
/// 1001 when it shuts down, and with 1008 when the key is revoked or has expired; a client that comes back resumes each task with `after`.
#[utoipa::path(
    get, path = "/api/ws", tag = tags::LIVE, operation_id = "live_socket",
    responses(
        (status = 101, description = "The connection speaks WebSocket (RFC 6455) from here on."),
        (status = 426, description = "The request is no WebSocket handshake.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
    extensions(("x-websocket" = json!({
        "client": {"$ref": "#/components/schemas/ClientMessage"},
        "server": {"$ref": "#/components/schemas/ServerMessage"},
        "examples": [
            {"op": "watch_stats", "sub": 1},
            {"op": "watch_tasks", "sub": 2, "filter": {"state": "failed"}},
            {"op": "watch_task", "sub": 3, "task_id": "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60", "after": 0},
            {"op": "unwatch", "sub": 1},
        ],
    }))),
)]
pub(crate) async fn socket(
    State(node): State<Node>,
    Acting(engine): Acting,
    Query(NoQuery {}): Query<NoQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    let upgrade = upgrade.map_err(|rejection| no_handshake(&rejection))?;
    let shutdown = node.shutdown.clone();
    let browser = Browser::new(engine.clone(), &node);
    Ok(socket::talk(upgrade, shutdown, engine.caller(), browser))
}

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TaskSocketQuery {
    /// The `seq` of the last event that the client has; 0 for all.
    #[param(default = 0)]
    #[serde(deserialize_with = "optional")]
    after: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

/// Follows one task over a WebSocket.
///
/// Each event is one JSON text frame: first what is stored, then what comes. The server closes
/// with 1000 when the task is over, with 1001 when it shuts down, and with 1011 after a problem
/// document when it failed. What the client says is ignored.
#[utoipa::path(
    get, path = "/api/tasks/{id}/ws", tag = tags::LIVE, operation_id = "task_socket",
    params(TaskPath, TaskSocketQuery),
    responses(
        (status = 101, description = "The connection speaks WebSocket (RFC 6455) from here on."),
        (status = 426, description = "The request is no WebSocket handshake.", body = Problem,
            content_type = PROBLEM_JSON),
    ),
    extensions(("x-websocket" = json!({
        "server": {"$ref": "#/components/schemas/Event"},
    }))),
)]
pub(crate) async fn task_socket(
    State(node): State<Node>,
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
    Query(query): Query<TaskSocketQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    let upgrade = upgrade.map_err(|rejection| no_handshake(&rejection))?;
    let share = node.budget.live.part(SOCKET_BYTES);
    let log = EventLog::new(engine.clone(), share, id, query.after.unwrap_or(0)).await?;
    let shutdown = node.shutdown.clone();
    Ok(socket::talk(upgrade, shutdown, engine.caller(), log))
}

/// 426 tells what to ask for instead (RFC 9110, section 15.5.22).
fn no_handshake(rejection: &WebSocketUpgradeRejection) -> ApiError {
    let code = match rejection.status() {
        StatusCode::METHOD_NOT_ALLOWED => ProblemCode::MethodNotAllowed,
        _ => ProblemCode::WebsocketExpected,
    };
    ApiError::new(code, rejection.body_text())
}

/// An engine's error as a message in a stream; the log gets the cause.
fn problem(error: glassworks_engine::Error) -> Problem {
    let error = ApiError::from(error);
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "a live subscription failed");
    }
    error.into_problem()
}
