//! A node as clients see it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// One running Glassworks process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeInfo {
    /// A new one at each start, so that a process is never taken for the one before it.
    pub id: Uuid,
    /// Its name; a task says by it where it runs.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last showed that it is there.
    pub last_seen_at: Timestamp,
    /// Tasks that may run at a time on it.
    pub workers: u32,
    /// Tasks running on it when it was last seen.
    pub busy_workers: u32,
    /// The kinds that it runs itself, by name.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The queues whose tasks it runs; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<String>>,
    /// How late its runtime woke up at worst in the ten seconds before it was last seen, in
    /// milliseconds; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<u64>,
}
