//! Accepting tasks.

use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, NewTask, Problem, Task, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Engine;
use super::answers::{refused, unexpected};
use crate::access::Caller;
use crate::error::Error;
use crate::store::decision::Head;
use crate::store::{Accepted, NewRow, Outcome, RequestKey, Write};
use crate::submission;

/// The most tasks that can be submitted at once.
const MOST_AT_ONCE: usize = 1_000;

/// What a request says beside the tasks that it submits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// Makes it safe to send the request again: the tasks that answered it the first time are the
    /// answer, for 24 hours. 1 to 255 visible characters of ASCII, unguessable by others.
    pub idempotency_key: Option<String>,
    /// The trace that the request belongs to, as its `traceparent` header has it (W3C Trace
    /// Context). What is no such value is left out, as that standard asks.
    pub traceparent: Option<String>,
}

/// What a submit led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The task, new or found.
    pub task: Task,
    /// Whether it stood already: it has the same unique key, or the request was sent before.
    pub existing: bool,
    /// Whether the request was sent before.
    pub replayed: bool,
}

impl Engine {
    /// Accepts a task. When this returns, the task is on the disk.
    ///
    /// Not cancel safe: when the future is dropped the task may or may not have been accepted.
    pub async fn submit(&self, new: NewTask) -> Result<Submitted, Error> {
        self.submit_as(new, &RequestContext::default()).await
    }

    /// Accepts a task for a request that says more than the task.
    ///
    /// With an idempotency key that was used before: the task that was accepted then, as it
    /// stands now; `Invalid` when that request was another, `InFlight` while it is still being
    /// answered, `Gone` when its task has been deleted. Not cancel safe, as
    /// [`submit`](Engine::submit).
    pub async fn submit_as(
        &self,
        new: NewTask,
        context: &RequestContext,
    ) -> Result<Submitted, Error> {
        self.submit_of(new, None, context).await
    }

    /// As [`submit_as`](Engine::submit_as), for a task that a schedule says.
    pub(super) async fn submit_of(
        &self,
        new: NewTask,
        schedule_id: Option<Uuid>,
        context: &RequestContext,
    ) -> Result<Submitted, Error> {
        let row = NewRow {
            schedule_id,
            ..self.row(&new, context)?
        };
        let mut accepted = self
            .accept(vec![row.clone()], context, || json(&new))
            .await?;
        match accepted.pop() {
            Some(accepted) => self.submitted(new, row, accepted).await,
            None => Err(Error::Store),
        }
    }

    /// Accepts tasks, at most 1,000, in one transaction: all of them or none. The answers are in
    /// the order of the tasks; pointers of faults begin with `/tasks/{index}`.
    ///
    /// Idempotency keys are as with [`submit_as`](Engine::submit_as). Not cancel safe, as
    /// [`submit`](Engine::submit).
    pub async fn submit_all(
        &self,
        tasks: Vec<NewTask>,
        context: &RequestContext,
    ) -> Result<Vec<Submitted>, Error> {
        if tasks.is_empty() || tasks.len() > MOST_AT_ONCE {
            let detail = format!("must be 1 to {MOST_AT_ONCE} tasks");
            return Err(Error::Invalid(vec![FieldError::new("/tasks", detail)]));
        }
        let mut rows = Vec::with_capacity(tasks.len());
        let mut faults = Vec::new();
        for (index, new) in tasks.iter().enumerate() {
            // A problem tells no more than these.
            if faults.len() > Problem::MOST_ERRORS {
                break;
            }
            match self.row(new, context) {
                Ok(row) => rows.push(row),
                Err(Error::Invalid(errors)) => faults.extend(errors.into_iter().map(|error| {
                    let pointer = if error.pointer.starts_with('/') {
                        format!("/tasks/{index}{}", error.pointer)
                    } else {
                        error.pointer
                    };
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
        let accepted = self.accept(rows.clone(), context, || json(&tasks)).await?;
        let mut submitted = Vec::with_capacity(accepted.len());
        for ((new, row), accepted) in tasks.into_iter().zip(rows).zip(accepted) {
            submitted.push(self.submitted(new, row, accepted).await?);
        }
        Ok(submitted)
    }

    fn row(&self, new: &NewTask, context: &RequestContext) -> Result<NewRow, Error> {
        let limits = &self.0.options.limits;
        let row = submission::check(new, &self.0.registry, limits, Timestamp::now())?;
        if !self.reaches(&row.kind, &row.queue) {
            return Err(Error::Forbidden(format!(
                "this key does not reach tasks of the kind {} in the queue {}",
                quoted(&row.kind),
                quoted(&row.queue)
            )));
        }
        Ok(NewRow {
            submitted_by: self.caller().and_then(Caller::name).map(str::to_owned),
            traceparent: context
                .traceparent
                .clone()
                .filter(|value| submission::is_traceparent(value)),
            ..row
        })
    }

    /// Commits a submit. `asked` writes what the request asks for, to know it by.
    async fn accept(
        &self,
        rows: Vec<NewRow>,
        context: &RequestContext,
        asked: impl FnOnce() -> Vec<u8>,
    ) -> Result<Vec<Accepted>, Error> {
        let Some(key) = &context.idempotency_key else {
            return self.commit_submit(Write::Submit(rows)).await;
        };
        submission::check_idempotency_key(key)?;
        let _flight = self.0.in_flight.begin(key).ok_or(Error::InFlight)?;
        let request = RequestKey {
            key: key.clone(),
            fingerprint: Sha256::digest(asked()).into(),
        };
        self.commit_submit(Write::SubmitOnce { rows, request })
            .await
    }

    async fn commit_submit(&self, write: Write) -> Result<Vec<Accepted>, Error> {
        match self.commit(write).await? {
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
                replayed: false,
            },
            Accepted::Existing(id) => Submitted {
                task: self.task(id).await.map_err(|error| match error {
                    Error::NotFound(id) if !self.reaches_all() => Error::UniqueKeyTaken(id),
                    other => other,
                })?,
                existing: true,
                replayed: false,
            },
            Accepted::Replayed(id) => Submitted {
                task: self.task(id).await.map_err(|error| match error {
                    Error::NotFound(id) => Error::Gone(id),
                    other => other,
                })?,
                existing: true,
                replayed: true,
            },
        })
    }
}

fn json<T: serde::Serialize + ?Sized>(asked: &T) -> Vec<u8> {
    // Cannot fail: what travels has string keys only.
    serde_json::to_vec(asked).unwrap_or_default()
}

/// The task that a submit has just stored.
fn task_of(new: NewTask, row: NewRow, head: &Head) -> Task {
    Task {
        queue: row.queue,
        state: head.state,
        priority: row.priority,
        tags: row.tags,
        attempt: head.attempt,
        counted_attempts: head.counted_attempts(),
        max_attempts: row.max_attempts,
        timeout_ms: row.timeout_ms,
        run_at: head.run_at,
        unique_key: row.unique_key,
        schedule_id: row.schedule_id,
        submitted_by: row.submitted_by,
        traceparent: row.traceparent,
        last_seq: head.last_seq,
        ..Task::queued(row.id, row.kind, new.payload, head.created_at)
    }
}
