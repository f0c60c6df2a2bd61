//! Between rows of the database and the values they stand for.

use glassworks_protocol::{
    Event, Failure, JsonText, Progress, State, Task, TaskId, TaskSummary, Timestamp,
    payload_summary,
};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::text::unescaped;
use crate::store::decision::Head;
use crate::store::{Log, StoreError, StoreFailure, codes, short};

type Result<T> = std::result::Result<T, StoreError>;

/// What is stored is not what this program stores.
pub(super) fn unreadable(cause: impl std::fmt::Display) -> StoreError {
    StoreError::new(
        StoreFailure::Failed,
        format!("a row makes no sense: {cause}"),
    )
}

pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(unreadable)
}

/// A number that is never negative.
pub(super) fn number(row: &Row, index: usize) -> Result<u64> {
    u64::try_from(get::<i64>(row, index)?).map_err(unreadable)
}

/// As [`number`], of a narrower column.
pub(super) fn small(row: &Row, index: usize) -> Result<u32> {
    u32::try_from(get::<i32>(row, index)?).map_err(unreadable)
}

pub(super) fn moment(row: &Row, index: usize) -> Result<Timestamp> {
    get(row, index).map(Timestamp::from_millis)
}

pub(super) fn optional_moment(row: &Row, index: usize) -> Result<Option<Timestamp>> {
    let stored: Option<i64> = get(row, index)?;
    Ok(stored.map(Timestamp::from_millis))
}

pub(super) fn task_id(row: &Row, index: usize) -> Result<TaskId> {
    get(row, index).map(TaskId)
}

pub(super) fn state(row: &Row, index: usize) -> Result<State> {
    let stored: i16 = get(row, index)?;
    codes::state(stored).ok_or_else(|| unreadable(format_args!("state {stored}")))
}

/// A text that was escaped.
pub(super) fn free_text(row: &Row, index: usize) -> Result<Option<String>> {
    let stored: Option<String> = get(row, index)?;
    Ok(stored.map(unescaped))
}

pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(unreadable)
}

/// A value as the JSON text that is stored.
pub(super) fn json_text<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::new(StoreFailure::Failed, error.to_string()))
}

/// As large as a column takes. What is larger than that is larger than anything is.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// As [`signed`], for a narrower column.
pub(super) fn narrow(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A task's head with what the store needs beside it.
#[derive(Clone, Debug)]
pub(super) struct StoredHead {
    pub(super) kind: String,
    pub(super) queue: String,
    pub(super) timeout_ms: u64,
    pub(super) priority: i16,
    pub(super) node: Option<String>,
    /// As it is stored, escaped.
    pub(super) unique_key: Option<String>,
    pub(super) tagged: bool,
    pub(super) head: Head,
}

/// How many columns [`head`] reads.
pub(super) const HEAD_COLUMNS: usize = 21;

/// Reads the columns of the `HEADS…` statements. Whether its latest attempt is a remote one stands
/// elsewhere.
pub(super) fn head(row: &Row) -> Result<StoredHead> {
    let log: Option<&str> = get(row, 13)?;
    let wait_ms: Option<i64> = get(row, 16)?;
    Ok(StoredHead {
        kind: get(row, 1)?,
        queue: get(row, 2)?,
        timeout_ms: number(row, 14)?,
        priority: get(row, 17)?,
        node: get(row, 18)?,
        unique_key: get(row, 19)?,
        tagged: get(row, 20)?,
        head: Head {
            id: task_id(row, 0)?,
            state: state(row, 3)?,
            attempt: small(row, 4)?,
            max_attempts: small(row, 5)?,
            forgiven: small(row, 6)?,
            created_at: moment(row, 15)?,
            run_at: moment(row, 7)?,
            wait_ms: wait_ms.and_then(|millis| u64::try_from(millis).ok()),
            started_at: optional_moment(row, 8)?,
            finished_at: optional_moment(row, 9)?,
            lease_expires_at: optional_moment(row, 10)?,
            cancel_requested: get(row, 11)?,
            last_seq: number(row, 12)?,
            log: log.map(json::<Log>).transpose()?.unwrap_or_default(),
            remote: None,
        },
    })
}

fn progress(row: &Row, index: usize) -> Result<Option<Progress>> {
    let fraction: Option<f64> = get(row, index)?;
    let message = free_text(row, index + 1)?;
    Ok(fraction.map(|fraction| Progress { fraction, message }))
}

/// Reads the columns of `SUMMARIES`, and the first of `TASKS`.
fn summary(row: &Row) -> Result<TaskSummary> {
    let tags: Option<Vec<String>> = get(row, 14)?;
    let failed_attempt: Option<i32> = get(row, 15)?;
    let error = match failed_attempt {
        Some(_) => Some(Failure {
            attempt: small(row, 15)?,
            at: moment(row, 16)?,
            ran_ms: number(row, 17)?,
            message: free_text(row, 18)?.unwrap_or_default(),
        }),
        None => None,
    };
    let priority: i16 = get(row, 19)?;
    let attempt = small(row, 4)?;
    Ok(TaskSummary {
        id: task_id(row, 0)?,
        kind: get(row, 1)?,
        queue: get(row, 2)?,
        state: state(row, 3)?,
        tags: tags.unwrap_or_default(),
        attempt,
        counted_attempts: attempt.saturating_sub(small(row, 26)?),
        max_attempts: small(row, 5)?,
        run_at: moment(row, 6)?,
        created_at: moment(row, 7)?,
        started_at: optional_moment(row, 8)?,
        finished_at: optional_moment(row, 9)?,
        progress: progress(row, 10)?,
        error,
        cancel_requested: get(row, 12)?,
        last_seq: number(row, 13)?,
        priority: u8::try_from(priority).map_err(unreadable)?,
        timeout_ms: number(row, 20)?,
        unique_key: free_text(row, 21)?,
        schedule_id: get::<Option<Uuid>>(row, 22)?,
        node: get(row, 23)?,
        submitted_by: free_text(row, 24)?,
        payload_summary: payload_summary::of(get(row, 25)?),
    })
}

/// Reads the columns of `SUMMARIES`, with long texts cut.
pub(super) fn short(row: &Row) -> Result<TaskSummary> {
    let mut task = summary(row)?;
    short::shorten(&mut task);
    Ok(task)
}

/// Reads the columns of `TASKS`.
pub(super) fn task(row: &Row) -> Result<Task> {
    let summary = summary(row)?;
    let payload: JsonText = json(get(row, 27)?)?;
    let result: Option<&str> = get(row, 28)?;
    let errors = failures(row)?;
    let failed = u64::from(small(row, 30)?);
    Ok(Task {
        id: summary.id,
        kind: summary.kind,
        queue: summary.queue,
        state: summary.state,
        payload,
        priority: summary.priority,
        tags: summary.tags,
        attempt: summary.attempt,
        counted_attempts: summary.counted_attempts,
        max_attempts: summary.max_attempts,
        timeout_ms: summary.timeout_ms,
        run_at: summary.run_at,
        created_at: summary.created_at,
        started_at: summary.started_at,
        finished_at: summary.finished_at,
        progress: summary.progress,
        result: result.map(json).transpose()?,
        error: summary.error,
        errors_omitted: failed.saturating_sub(errors.len() as u64),
        errors,
        cancel_requested: summary.cancel_requested,
        unique_key: summary.unique_key,
        schedule_id: summary.schedule_id,
        node: summary.node,
        submitted_by: summary.submitted_by,
        traceparent: get(row, 29)?,
        last_seq: summary.last_seq,
    })
}

/// The failures that are kept, oldest first, from the columns of `TASKS`.
fn failures(row: &Row) -> Result<Vec<Failure>> {
    let attempts: Option<Vec<i32>> = get(row, 31)?;
    let ats: Option<Vec<i64>> = get(row, 32)?;
    let ran: Option<Vec<i64>> = get(row, 33)?;
    let messages: Option<Vec<String>> = get(row, 34)?;
    let columns = attempts
        .into_iter()
        .flatten()
        .zip(ats.into_iter().flatten());
    let columns = columns
        .zip(ran.into_iter().flatten())
        .zip(messages.into_iter().flatten());
    columns
        .map(|(((attempt, at), ran_ms), message)| {
            Ok(Failure {
                attempt: u32::try_from(attempt).map_err(unreadable)?,
                at: Timestamp::from_millis(at),
                ran_ms: u64::try_from(ran_ms).map_err(unreadable)?,
                message: unescaped(message),
            })
        })
        .collect()
}

/// Reads the columns of `EVENTS_AFTER`.
pub(super) fn event(task_id: TaskId, row: &Row) -> Result<Event> {
    Ok(Event {
        task_id,
        seq: number(row, 0)?,
        attempt: small(row, 1)?,
        at: moment(row, 2)?,
        body: json(get(row, 3)?)?,
    })
}
