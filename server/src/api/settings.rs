//! `GET /api/settings`: what this server runs with.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::{Scope, StoreFigures, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Acting;
use crate::config::Setting;
use crate::error::ApiResult;
use crate::node::Node;
use crate::openapi::tags;

/// What this server runs with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerSettings {
    /// The node that answers.
    pub(crate) node: String,
    /// Its version.
    pub(crate) version: String,
    /// When it started.
    pub(crate) started_at: Timestamp,
    /// Tasks that may run at a time on it.
    pub(crate) workers: u32,
    /// How much of everything there may be.
    pub(crate) limits: ToldLimits,
    /// How long what is over is kept.
    pub(crate) retention: ToldRetention,
    /// Where tasks are kept, and how much that takes up.
    pub(crate) store: StoreFigures,
    /// The settings in force, without secrets; null for a key without the scope `admin`.
    #[schema(required)]
    pub(crate) settings: Option<Vec<Setting>>,
}

/// How much of everything there may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToldLimits {
    /// Unfinished tasks.
    pub(crate) backlog: u64,
    /// A payload as JSON, in bytes.
    pub(crate) payload_bytes: usize,
    /// A result as JSON, in bytes.
    pub(crate) result_bytes: usize,
    /// Output that is kept of each attempt, in bytes.
    pub(crate) output_bytes: u64,
    /// Events that are kept of each attempt.
    pub(crate) events: u64,
    /// Names of queues in use at a time.
    pub(crate) queues: usize,
    /// Schedules at a time.
    pub(crate) schedules: usize,
    /// Kinds that workers have offered.
    pub(crate) kinds: usize,
}

/// How long what is over is kept.
#[derive(Debug, Serialize, ToSchema)]
#[allow(
    clippy::struct_field_names,
    reason = "the API says the unit of each number in its name"
)]
pub(crate) struct ToldRetention {
    /// Completed and cancelled tasks, in milliseconds.
    pub(crate) completed_ms: u64,
    /// Failed tasks, in milliseconds.
    pub(crate) failed_ms: u64,
    /// Entries of the audit log, in milliseconds.
    pub(crate) audit_ms: u64,
}

/// Tells what this server runs with: limits, retention, storage, and the settings in force.
///
/// Secrets are not among them: no password, no key, nothing of a program but its name.
#[utoipa::path(
    get, path = "/api/settings", tag = tags::SERVER,
    responses((status = 200, description = "What is in force.", body = ServerSettings)),
)]
pub(crate) async fn settings(
    State(node): State<Node>,
    Acting(engine): Acting,
) -> ApiResult<Json<ServerSettings>> {
    Ok(Json(in_force(&node, &engine).await?))
}

/// What is in force, as far as whoever asks may know.
pub(crate) async fn in_force(node: &Node, engine: &Engine) -> ApiResult<ServerSettings> {
    let figures = engine.figures().await?;
    let (limits, retention) = (engine.limits(), engine.retention());
    let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let administers = engine
        .caller()
        .is_some_and(|caller| caller.scope().allows(Scope::Admin));
    Ok(ServerSettings {
        node: figures.stats.node,
        version: figures.stats.version,
        started_at: figures.stats.started_at,
        workers: figures.stats.workers,
        limits: ToldLimits {
            backlog: limits.backlog,
            payload_bytes: limits.payload_bytes,
            result_bytes: limits.result_bytes,
            output_bytes: limits.output_bytes,
            events: limits.events,
            queues: limits.queues,
            schedules: limits.schedules,
            kinds: limits.kinds,
        },
        retention: ToldRetention {
            completed_ms: millis(retention.completed),
            failed_ms: millis(retention.failed),
            audit_ms: millis(retention.audit),
        },
        store: figures.store,
        settings: node.settings.get().filter(|_| administers).cloned(),
    })
}
