//! A kind as clients see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
