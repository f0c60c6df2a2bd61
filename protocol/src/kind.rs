//! A kind as clients see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

/// The name of the code that runs a task, and what its payload looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindInfo {
    /// The name to submit it by.
    pub kind: String,
    /// What it does, for people.
    pub description: String,
    /// The JSON Schema (2020-12) of its payload, self-contained.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub schema: Value,
    /// A payload that works, to start from.
    pub example: Value,
}

/// A kind, and who serves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindStatus {
    /// The kind itself.
    #[serde(flatten)]
    pub info: KindInfo,
    /// Why it exists.
    pub origin: KindOrigin,
    /// The workers that serve it now, by name: those that were heard of in the last two minutes. A
    /// `built_in` kind is served by the server itself.
    pub workers: Vec<String>,
    /// How many of its tasks are queued.
    pub queued: u64,
    /// When a worker that serves it was last heard of, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_last_seen_at: Option<Timestamp>,
}

/// Why a kind exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KindOrigin {
    /// The server runs it itself.
    BuiltIn,
    /// The configuration declares it; workers serve it.
    Declared,
    /// A worker has offered it.
    Worker,
}
