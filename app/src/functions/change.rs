//! What somebody asks of a task.

use glassworks_protocol::{Task, TaskId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::refused::Refused;

/// What somebody asks of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Cancel it, or ask it to stop when it runs.
    Cancel,
    /// Make it due now, with its attempts afresh.
    Retry,
    /// Delete it, when it has ended.
    Delete,
}

impl Change {
    const ALL: [Self; 3] = [Self::Cancel, Self::Retry, Self::Delete];

    /// The change that is sent as `word`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == word)
    }

    /// As it is sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Delete => "delete",
        }
    }
}

/// Changes a task, and answers with it as it is then. When it was deleted, leads to the list.
#[server(prefix = "/fn", endpoint = "change_task", output = Json)]
pub(crate) async fn change_task(id: TaskId, change: Change) -> Result<Option<Task>, Refused> {
    let engine = super::engine()?;
    let changed = match change {
        Change::Cancel => engine.cancel(id).await.map(Some),
        Change::Retry => engine.retry(id).await.map(Some),
        Change::Delete => engine.delete(id).await.map(|()| None),
    };
    if let Ok(None) = changed {
        leptos_axum::redirect("/tasks");
    }
    changed.map_err(|error| crate::refused::refuse_error(&error))
}
