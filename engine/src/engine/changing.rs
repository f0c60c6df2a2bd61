//! Cancelling, retrying and deleting one task.

use glassworks_protocol::{BulkAction, Task, TaskId};

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

    pub(super) async fn apply(&self, action: BulkAction, id: TaskId) -> Result<(), Error> {
        self.reach(id).await?;
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
        match self.commit(write).await? {
            Outcome::Changed(changed) => changed.map_err(refused),
            other => Err(unexpected(&other)),
        }
    }
}
