//! API keys, as they are made and shown.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Reach, Scope};
use crate::Timestamp;

/// A key to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What the audit log and the tasks call it. No other key has it. 1 to 64 characters: letters,
    /// digits, `_`, `-`, `.`.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "ci", min_length = 1, max_length = 64)
    )]
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Only tasks of these kinds, at most 100; of all when empty. Not for `admin`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub kinds: Vec<String>,
    /// Only tasks of these queues, at most 100; of all when empty. Not for `admin`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub queues: Vec<String>,
    /// How long it is good for, in milliseconds; for ever when absent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub expires_in_ms: Option<u64>,
}

/// A key, as it is listed: without its text, which nobody has but who was given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Given by the server.
    pub id: Uuid,
    /// As in [`NewKey`].
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Which tasks it has to do with.
    #[serde(flatten)]
    pub reach: Reach,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to within ten minutes.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_used_at: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// Its text, to be sent as `Authorization: Bearer`. It is told here and never again.
    pub secret: String,
}
