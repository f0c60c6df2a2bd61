//! For whom the engine acts: what it may see, and who is said to have caused a change.

use std::sync::Arc;

use glassworks_protocol::{Task, TaskFilter, TaskId};

use super::Engine;
use crate::access::Caller;
use crate::error::Error;
use crate::store::access::Caused;
use crate::store::{Outcome, Write};

impl Engine {
    /// The same engine, acting for `caller`: it sees and changes only the tasks that its key reaches,
    /// and the audit log tells of each change. Scopes are for whoever calls this to check.
    ///
    /// An engine that acts for nobody does everything, and the log says nothing of it.
    #[must_use]
    pub fn acting(&self, caller: Caller) -> Self {
        Self(Arc::clone(&self.0), Some(caller))
    }

    /// For whom it acts.
    pub fn caller(&self) -> Option<&Caller> {
        self.1.as_ref()
    }

    /// Commits a write that somebody has asked for.
    pub(super) async fn commit(&self, write: Write) -> Result<Outcome, Error> {
        let write = match &self.1 {
            Some(caller) => Write::By(Box::new(Caused {
                actor: Arc::new(caller.actor()),
                write,
            })),
            None => write,
        };
        self.0.journal.commit(write).await
    }

    /// Whether whoever asks has to do with tasks of `kind` in `queue`.
    pub(super) fn reaches(&self, kind: &str, queue: &str) -> bool {
        let reach = self.1.as_ref().and_then(Caller::reach);
        reach.is_none_or(|reach| reach.has(kind, queue))
    }

    /// Whether it has to do with everything.
    pub(super) fn reaches_all(&self) -> bool {
        self.1.as_ref().and_then(Caller::reach).is_none()
    }

    /// The filter that lets only what is reached pass.
    pub(super) fn within_reach(&self, filter: &TaskFilter) -> TaskFilter {
        TaskFilter {
            reach: self.1.as_ref().and_then(Caller::reach).cloned(),
            ..filter.clone()
        }
    }

    /// A task that is not reached is as good as none.
    pub(super) fn reached(&self, task: Task) -> Result<Task, Error> {
        if self.reaches(&task.kind, &task.queue) {
            Ok(task)
        } else {
            Err(Error::NotFound(task.id))
        }
    }

    /// Refuses what is about a task that is not reached. Costs nothing where everything is.
    pub(super) async fn reach(&self, id: TaskId) -> Result<(), Error> {
        if !self.reaches_all() {
            self.task(id).await?;
        }
        Ok(())
    }
}
