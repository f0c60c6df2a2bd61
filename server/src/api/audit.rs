//! `/api/audit`: who changed what.

use axum::Json;
use glassworks_protocol::{AuditAction, AuditFilter, AuditPage, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Query, optional};
use crate::access::Acting;
use crate::error::ApiResult;
use crate::openapi::tags;

/// What the log can be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// Only what this actor did: a key's name, or the id of a key, session or schedule.
    #[serde(deserialize_with = "optional")]
    actor: Option<String>,
    /// Only this.
    #[serde(deserialize_with = "optional")]
    action: Option<AuditAction>,
    /// Only what was done to this: the id of a task, schedule, key or session, or a queue's name.
    #[serde(deserialize_with = "optional")]
    target: Option<String>,
    /// Only what was done at this moment or later.
    #[serde(deserialize_with = "optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only what was done before this moment.
    #[serde(deserialize_with = "optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// How many entries a page has at most.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of a page.
    #[serde(deserialize_with = "optional")]
    cursor: Option<String>,
}

/// Lists who changed what, newest first.
///
/// Each change that somebody asked for and that was made: when, by whom, and from which address. What
/// the server does by itself, such as running a task or forgetting an old one, is not in it.
#[utoipa::path(
    get, path = "/api/audit", tag = tags::ACCESS, operation_id = "list_audit",
    params(AuditQuery),
    responses((status = 200, description = "One page.", body = AuditPage)),
)]
pub(crate) async fn list(
    Acting(engine): Acting,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<AuditPage>> {
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        target: query.target,
        since: query.since,
        until: query.until,
    };
    let cursor = query.cursor.as_deref();
    Ok(Json(engine.audit(&filter, cursor, query.limit).await?))
}
