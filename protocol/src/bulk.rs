//! One change of many tasks.

use serde::{Deserialize, Serialize};

use crate::TaskFilter;

/// What is to be done to every task that matches: the body of `POST /api/tasks/bulk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkChange {
    /// What to do.
    pub action: BulkAction,
    /// Which tasks. Absent, it lets every task pass, and then `all` has to say so.
    #[serde(default)]
    pub filter: TaskFilter,
    /// That every task is meant: a filter that came out empty by mistake changes nothing.
    #[serde(default)]
    pub all: bool,
}

/// What can be done to many tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Cancel waiting tasks and ask running ones to stop.
    Cancel,
    /// Make tasks due now, with all their attempts before them again.
    Retry,
    /// Forget finished tasks.
    Delete,
}

/// What became of a bulk change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkOutcome {
    /// How many tasks matched.
    pub matched: u64,
    /// How many were changed; the state of the others forbade it.
    pub changed: u64,
}
