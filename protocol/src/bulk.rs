//! One change of many tasks.

use serde::{Deserialize, Serialize};

use crate::{Problem, State, TaskFilter};

/// What is to be done to every task that matches: the body of `POST /api/tasks/bulk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkChange {
    /// What to do.
    pub action: BulkAction,
    /// Which tasks. Absent, it lets every task pass, and then `all` has to say so.
    #[serde(default, deserialize_with = "crate::object::required")]
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

impl BulkAction {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Cancel, Self::Retry, Self::Delete];

    /// As in JSON and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Delete => "delete",
        }
    }

    /// Whether a task in `state` can be changed so.
    pub const fn is_for(self, state: State) -> bool {
        match self {
            Self::Cancel => !state.is_final(),
            Self::Retry => matches!(
                state,
                State::Scheduled | State::Retrying | State::Failed | State::Cancelled
            ),
            Self::Delete => state.is_final(),
        }
    }
}

/// How far a bulk change is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkProgress {
    /// What is done.
    pub action: BulkAction,
    /// How many tasks matched when it was asked for, where that was known.
    pub expected: Option<u64>,
    /// How many it has come to.
    pub matched: u64,
    /// How many of them were changed; the state of the others forbade it.
    pub changed: u64,
    /// Whether nothing more comes.
    pub is_over: bool,
    /// Why it ended early, if it did. What was changed stays changed.
    pub problem: Option<Problem>,
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
