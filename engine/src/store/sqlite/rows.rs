//! Between rows of the database and the values they stand for.

use glassworks_protocol::{
    Event, EventBody, Failure, JsonText, Progress, State, Task, TaskId, TaskSummary, Timestamp,
    payload_summary,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Result, Row};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::store::decision::Head;
use crate::store::{Log, codes, short};

/// A state as it is stored.
pub(super) fn code(state: State) -> i64 {
    codes::code(state).into()
}

/// A value of the protocol as SQLite keeps it.
pub(super) struct Stored<T>(pub(super) T);

impl FromSql for Stored<State> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let stored = value.as_i64()?;
        i16::try_from(stored)
            .ok()
            .and_then(codes::state)
            .map(Self)
            .ok_or(FromSqlError::OutOfRange(stored))
    }
}

impl FromSql for Stored<TaskId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        Uuid::from_slice(bytes)
            .map(|id| Self(TaskId(id)))
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl ToSql for Stored<TaskId> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.0.as_bytes())))
    }
}

impl FromSql for Stored<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_i64()
            .map(|millis| Self(Timestamp::from_millis(millis)))
    }
}

/// JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Self)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

fn moment(row: &Row<'_>, index: usize) -> Result<Timestamp> {
    row.get(index).map(|Stored(at)| at)
}

fn optional_moment(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>> {
    let stored: Option<Stored<Timestamp>> = row.get(index)?;
    Ok(stored.map(|Stored(at)| at))
}

fn progress(row: &Row<'_>, index: usize) -> Result<Option<Progress>> {
    let fraction: Option<f64> = row.get(index)?;
    let message = row.get(index + 1)?;
    Ok(fraction.map(|fraction| Progress { fraction, message }))
}

/// A task's head with what the store needs beside it.
#[derive(Clone, Debug)]
pub(super) struct StoredHead {
    pub(super) row: i64,
    pub(super) kind: String,
    pub(super) queue: String,
    pub(super) timeout_ms: u64,
    pub(super) head: Head,
}

impl StoredHead {
    /// Its queue and kind, by which tasks are counted.
    pub(super) fn lane(&self) -> (&str, &str) {
        (&self.queue, &self.kind)
    }
}

/// What an attempt's log has so far, as it is stored: nothing takes no room.
pub(super) fn log(log: &Log) -> Result<Option<String>> {
    (!log.is_new()).then(|| json(log)).transpose()
}

/// The column of the `HEAD…` statements that has the priority.
pub(super) const PRIORITY: usize = 18;
/// The column of the `HEAD…` statements that has the node.
pub(super) const NODE: usize = 19;

/// Reads the columns of the `HEAD…` statements, but for the last two. Whether its latest attempt is
/// a remote one stands elsewhere.
pub(super) fn head(row: &Row<'_>) -> Result<StoredHead> {
    let log: Option<Json<Log>> = row.get(14)?;
    Ok(StoredHead {
        row: row.get(0)?,
        kind: row.get(2)?,
        queue: row.get(3)?,
        timeout_ms: row.get(15)?,
        head: Head {
            id: row.get(1).map(|Stored(id)| id)?,
            state: row.get(4).map(|Stored(state)| state)?,
            attempt: row.get(5)?,
            max_attempts: row.get(6)?,
            forgiven: row.get(7)?,
            created_at: moment(row, 16)?,
            run_at: moment(row, 8)?,
            wait_ms: row.get(17)?,
            started_at: optional_moment(row, 9)?,
            finished_at: optional_moment(row, 10)?,
            lease_expires_at: optional_moment(row, 11)?,
            cancel_requested: row.get(12)?,
            last_seq: row.get(13)?,
            log: log.map(|Json(log)| log).unwrap_or_default(),
            remote: None,
        },
    })
}

/// Reads `SUMMARY_COLUMNS`.
pub(super) fn summary(row: &Row<'_>) -> Result<TaskSummary> {
    let tags: Option<Json<Vec<String>>> = row.get(15)?;
    let schedule: Option<Vec<u8>> = row.get(23)?;
    let failed_attempt: Option<u32> = row.get(16)?;
    let error = match failed_attempt {
        Some(attempt) => Some(Failure {
            attempt,
            at: moment(row, 17)?,
            ran_ms: row.get(18)?,
            message: row.get(19)?,
        }),
        None => None,
    };
    let attempt: u32 = row.get(5)?;
    Ok(TaskSummary {
        id: row.get(1).map(|Stored(id)| id)?,
        kind: row.get(2)?,
        queue: row.get(3)?,
        state: row.get(4).map(|Stored(state)| state)?,
        tags: tags.map(|Json(tags)| tags).unwrap_or_default(),
        attempt,
        counted_attempts: attempt.saturating_sub(row.get(27)?),
        max_attempts: row.get(6)?,
        run_at: moment(row, 7)?,
        created_at: moment(row, 8)?,
        started_at: optional_moment(row, 9)?,
        finished_at: optional_moment(row, 10)?,
        progress: progress(row, 11)?,
        error,
        cancel_requested: row.get(13)?,
        last_seq: row.get(14)?,
        priority: row.get(20)?,
        timeout_ms: row.get(21)?,
        unique_key: row.get(22)?,
        schedule_id: schedule.and_then(|bytes| Uuid::from_slice(&bytes).ok()),
        node: row.get(24)?,
        submitted_by: row.get(25)?,
        payload_summary: payload_summary::of(row.get_ref(26)?.as_str()?),
    })
}

/// As [`summary`], with long texts cut: the task itself tells them whole.
pub(super) fn short(row: &Row<'_>) -> Result<TaskSummary> {
    let mut task = summary(row)?;
    short::shorten(&mut task);
    Ok(task)
}

/// The bytes of what can be long in `SUMMARY_COLUMNS` and `TASK_COLUMNS`.
pub(super) fn task_bytes(row: &Row<'_>) -> Result<u64> {
    let mut bytes = 0;
    // Message, payload and result.
    for index in [19, 28, 29] {
        let text = row.get_ref(index)?.as_str_or_null()?;
        bytes += text.map_or(0, |text| text.len() as u64);
    }
    Ok(bytes)
}

/// Reads `SUMMARY_COLUMNS` and then `TASK_COLUMNS`; `errors` is left empty, and all of them counted
/// as omitted.
pub(super) fn task(row: &Row<'_>) -> Result<Task> {
    let summary = summary(row)?;
    let payload: Json<JsonText> = row.get(28)?;
    let result: Option<Json<JsonText>> = row.get(29)?;
    Ok(Task {
        id: summary.id,
        kind: summary.kind,
        queue: summary.queue,
        state: summary.state,
        payload: payload.0,
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
        result: result.map(|Json(result)| result),
        error: summary.error,
        errors: Vec::new(),
        errors_omitted: row.get(31)?,
        cancel_requested: summary.cancel_requested,
        unique_key: summary.unique_key,
        schedule_id: summary.schedule_id,
        submitted_by: summary.submitted_by,
        node: summary.node,
        traceparent: row.get(30)?,
        last_seq: summary.last_seq,
    })
}

/// Reads the columns of `FAILURES`.
pub(super) fn failure(row: &Row<'_>) -> Result<Failure> {
    Ok(Failure {
        attempt: row.get(0)?,
        at: moment(row, 1)?,
        ran_ms: row.get(2)?,
        message: row.get(3)?,
    })
}

/// Reads the columns of `EVENTS_AFTER`.
pub(super) fn event(task_id: TaskId, row: &Row<'_>) -> Result<Event> {
    let body: Json<EventBody> = row.get(3)?;
    Ok(Event {
        task_id,
        seq: row.get(0)?,
        attempt: row.get(1)?,
        at: moment(row, 2)?,
        body: body.0,
    })
}

/// The bytes of the body in the columns of `EVENTS_AFTER`.
pub(super) fn event_bytes(row: &Row<'_>) -> Result<u64> {
    let body = row.get_ref(3)?.as_str()?;
    Ok(body.len() as u64)
}

/// A value as the JSON text that is stored.
pub(super) fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
