//! Cancelling, retrying and deleting: one task, or all that match.

use futures::future::join_all;
use glassworks_protocol::{BulkAction, BulkOutcome, PageRequest, Task, TaskFilter, TaskId};

use super::Engine;
use super::answers::{refused, unexpected};
use crate::error::Error;
use crate::store::{Outcome, Write};

impl Engine {
    /// Cancels a waiting task at once; asks a running one to stop, which it has done when its
    /// state says so. `Conflict` when it is over already.
    pub async fn cancel(&self, id: TaskId) -> Result<Task, Error> {
        self.apply(BulkAction::Cancel, id).await?;
        self.task(id).await
    }

    /// Makes a task due now, with all its attempts before it again. `Conflict` when it is
    /// queued, running or completed, or its unique key is taken by another.
    pub async fn retry(&self, id: TaskId) -> Result<Task, Error> {
        self.apply(BulkAction::Retry, id).await?;
        self.task(id).await
    }

    /// Forgets a finished task and its log. `Conflict` when it is not finished.
    pub async fn delete(&self, id: TaskId) -> Result<(), Error> {
        self.apply(BulkAction::Delete, id).await
    }

    /// Cancels, retries or deletes every task that matches, newest first. A task whose state
    /// forbids it is passed over, and counts as matched only.
    ///
    /// Each page of tasks is one batch, so others go on meanwhile; when it fails on the way, what
    /// was changed stays changed. Not cancel safe in the same sense.
    pub async fn change_all(
        &self,
        action: BulkAction,
        filter: &TaskFilter,
    ) -> Result<BulkOutcome, Error> {
        let mut outcome = BulkOutcome {
            matched: 0,
            changed: 0,
        };
        let mut page = PageRequest::default();
        loop {
            let found = self.summaries(filter, &page).await?;
            let changes = found.tasks.iter().map(|task| self.apply(action, task.id));
            for changed in join_all(changes).await {
                match changed {
                    Ok(()) => outcome.changed += 1,
                    // Its state forbids it, or it has gone meanwhile.
                    Err(Error::Conflict(_) | Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
                outcome.matched += 1;
            }
            if found.next_cursor.is_none() {
                return Ok(outcome);
            }
            page.cursor = found.next_cursor;
        }
    }

    async fn apply(&self, action: BulkAction, id: TaskId) -> Result<(), Error> {
        match action {
            BulkAction::Cancel => {
                match self.change(Write::Cancel(id)).await {
                    Ok(Some(attempt)) => self.0.runs.stop(id, attempt),
                    Ok(None) => {}
                    Err(error) => {
                        // The wish cannot be kept, but an attempt of this node can hear of it.
                        if matches!(error, Error::Unavailable(_) | Error::Store) {
                            self.0.runs.stop_any(id);
                        }
                        return Err(error);
                    }
                }
            }
            BulkAction::Retry => {
                self.change(Write::Retry(id)).await?;
            }
            BulkAction::Delete => {
                self.change(Write::Delete(id)).await?;
            }
        }
        Ok(())
    }

    async fn change(&self, write: Write) -> Result<Option<u32>, Error> {
        match self.0.journal.commit(write).await? {
            Outcome::Changed(changed) => changed.map_err(refused),
            other => Err(unexpected(&other)),
        }
    }
}
