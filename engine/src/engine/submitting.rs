//! Accepting tasks.

use glassworks_protocol::{FieldError, NewTask, Task, Timestamp};

use super::Engine;
use super::answers::{refused, unexpected};
use crate::error::Error;
use crate::store::decision::Head;
use crate::store::{Accepted, NewRow, Outcome, Write};
use crate::submission;

/// The most tasks that can be submitted at once.
const MOST_AT_ONCE: usize = 1_000;

/// What a submit led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The task, new or found.
    pub task: Task,
    /// Whether an unfinished task with the same unique key stood already; then it is that one.
    pub existing: bool,
}

impl Engine {
    /// Accepts a task. When this returns, the task is on the disk.
    ///
    /// Not cancel safe: when the future is dropped the task may or may not have been accepted.
    pub async fn submit(&self, new: NewTask) -> Result<Submitted, Error> {
        let row = self.row(&new)?;
        let mut accepted = self.accept(vec![row.clone()]).await?;
        match accepted.pop() {
            Some(accepted) => self.submitted(new, row, accepted).await,
            None => Err(Error::Store),
        }
    }

    /// Accepts tasks, at most 1,000, in one transaction: all of them or none. The answers are in
    /// the order of the tasks; pointers of faults begin with `/tasks/{index}`.
    ///
    /// Not cancel safe, as [`submit`](Engine::submit).
    pub async fn submit_all(&self, tasks: Vec<NewTask>) -> Result<Vec<Submitted>, Error> {
        if tasks.is_empty() || tasks.len() > MOST_AT_ONCE {
            let detail = format!("must be 1 to {MOST_AT_ONCE} tasks");
            return Err(Error::Invalid(vec![FieldError::new("/tasks", detail)]));
        }
        let mut rows = Vec::with_capacity(tasks.len());
        let mut faults = Vec::new();
        for (index, new) in tasks.iter().enumerate() {
            match self.row(new) {
                Ok(row) => rows.push(row),
                Err(Error::Invalid(errors)) => faults.extend(errors.into_iter().map(|error| {
                    let pointer = format!("/tasks/{index}{}", error.pointer);
                    FieldError::new(pointer, error.detail)
                })),
                Err(Error::TooLarge(detail)) => {
                    return Err(Error::TooLarge(format!("/tasks/{index}: {detail}")));
                }
                Err(error) => return Err(error),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let accepted = self.accept(rows.clone()).await?;
        let mut submitted = Vec::with_capacity(accepted.len());
        for ((new, row), accepted) in tasks.into_iter().zip(rows).zip(accepted) {
            submitted.push(self.submitted(new, row, accepted).await?);
        }
        Ok(submitted)
    }

    fn row(&self, new: &NewTask) -> Result<NewRow, Error> {
        let limits = &self.0.options.limits;
        submission::check(new, &self.0.registry, limits, Timestamp::now())
    }

    async fn accept(&self, rows: Vec<NewRow>) -> Result<Vec<Accepted>, Error> {
        match self.0.journal.commit(Write::Submit(rows)).await? {
            Outcome::Submitted(submitted) => submitted.map_err(refused),
            other => Err(unexpected(&other)),
        }
    }

    async fn submitted(
        &self,
        new: NewTask,
        row: NewRow,
        accepted: Accepted,
    ) -> Result<Submitted, Error> {
        Ok(match accepted {
            Accepted::New(head) => Submitted {
                task: task_of(new, row, &head),
                existing: false,
            },
            Accepted::Existing(id) => Submitted {
                task: self.task(id).await?,
                existing: true,
            },
        })
    }
}

/// The task that a submit has just stored.
fn task_of(new: NewTask, row: NewRow, head: &Head) -> Task {
    Task {
        id: row.id,
        kind: row.kind,
        queue: row.queue,
        state: head.state,
        payload: new.payload,
        priority: row.priority,
        tags: row.tags,
        attempt: head.attempt,
        max_attempts: row.max_attempts,
        timeout_ms: row.timeout_ms,
        run_at: head.run_at,
        created_at: head.created_at,
        started_at: None,
        finished_at: None,
        progress: None,
        result: None,
        error: None,
        errors: Vec::new(),
        cancel_requested: false,
        unique_key: row.unique_key,
        schedule_id: row.schedule_id,
        node: None,
        last_seq: head.last_seq,
    }
}
