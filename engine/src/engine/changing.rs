//! Cancelling, retrying and deleting: one task, or all that match.

use futures::future::join_all;
use glassworks_protocol::{BulkAction, BulkOutcome, Task, TaskFilter, TaskId};

use super::Engine;
use super::answers::{answer, refused, unexpected};
use super::reading::acceptable;
use crate::error::Error;
use crate::store::{Outcome, Place, Write};

/// Tasks of a bulk change that are one batch.
const AT_A_TIME: u32 = 500;

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
    /// was changed stays changed. It goes on when the caller goes away, and the log says what came
    /// of it; a shutdown ends it.
    pub async fn change_all(
        &self,
        action: BulkAction,
        filter: &TaskFilter,
    ) -> Result<BulkOutcome, Error> {
        acceptable(filter)?;
        let engine = self.clone();
        let filter = filter.clone();
        let work = tokio::spawn(async move {
            let mut outcome = BulkOutcome {
                matched: 0,
                changed: 0,
            };
            let done = engine.change_each(action, filter, &mut outcome).await;
            let BulkOutcome { matched, changed } = outcome;
            match &done {
                Ok(()) => tracing::info!(?action, matched, changed, "many tasks were changed"),
                Err(error) => {
                    tracing::warn!(?action, matched, changed, %error, "a change of many tasks ended early");
                }
            }
            done.map(|()| outcome)
        });
        work.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change of many tasks panicked");
            Err(Error::Store)
        })
    }

    async fn change_each(
        &self,
        action: BulkAction,
        filter: TaskFilter,
        outcome: &mut BulkOutcome,
    ) -> Result<(), Error> {
        let mut place = Place::Newest;
        loop {
            let found = self
                .0
                .store
                .summaries(self.within_reach(&filter), place, AT_A_TIME)
                .await;
            let found = answer("summaries", found)?;
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
            match found.next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
    }

    async fn apply(&self, action: BulkAction, id: TaskId) -> Result<(), Error> {
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
