//! The questions that a store answers, on a reading connection.

use glassworks_protocol::{StateCounts, Task, TaskFilter, TaskId, TaskSummary, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::listing::{self, Found};
use super::rows::{self, Stored};
use super::sql;
use crate::store::{EventPage, Listing, Place};

pub(super) fn task(connection: &Connection, id: TaskId) -> rusqlite::Result<Option<Task>> {
    Ok(weighed(connection, id)?.map(|(task, _)| task))
}

/// A task, and how many bytes its payload, result and latest failure have.
fn weighed(connection: &Connection, id: TaskId) -> rusqlite::Result<Option<(Task, u64)>> {
    let text = format!(
        "SELECT {}, {} FROM {} {} WHERE t.id = ?1",
        sql::SUMMARY_COLUMNS,
        sql::TASK_COLUMNS,
        sql::SUMMARY_TABLES,
        sql::RESULT_TABLE,
    );
    let found = connection
        .prepare_cached(&text)?
        .query_row([Stored(id)], |row| {
            Ok((row.get(0)?, rows::task(row)?, rows::task_bytes(row)?))
        })
        .optional()?;
    let Some((row, mut task, bytes)) = found else {
        return Ok(None);
    };
    add_failures(connection, row, &mut task)?;
    let told = task
        .errors
        .iter()
        .map(|failure| failure.message.len() as u64);
    let bytes = bytes + told.sum::<u64>();
    Ok(Some((task, bytes)))
}

pub(super) fn tasks_of(
    connection: &Connection,
    ids: &[TaskId],
    max_bytes: u64,
) -> rusqlite::Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let mut total = 0;
    for id in ids {
        let Some((task, bytes)) = weighed(connection, *id)? else {
            continue;
        };
        total += bytes;
        if total > max_bytes && !tasks.is_empty() {
            break;
        }
        tasks.push(task);
    }
    Ok(tasks)
}

pub(super) fn summaries(
    connection: &Connection,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> rusqlite::Result<Listing> {
    // One more than asked for, to know whether another page follows.
    let mut found = listing::nearest(connection, filter, place, limit.saturating_add(1))?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let to_newer = matches!(place, Place::NewerThan(_));
    if to_newer {
        found.reverse();
    }
    let oldest = found.last().map(|(id, _)| Place::OlderThan(*id));
    let newest = found.first().map(|(id, _)| Place::NewerThan(*id));
    Ok(Listing {
        tasks: summaries_at(connection, &found)?,
        place,
        next: oldest.filter(|_| more || to_newer),
        previous: newest.filter(|_| match place {
            Place::NewerThan(_) => more,
            place => place != Place::Newest,
        }),
        searched_until: None,
    })
}

/// These tasks in short, in their order.
pub(super) fn summaries_at(
    connection: &Connection,
    found: &[Found],
) -> rusqlite::Result<Vec<TaskSummary>> {
    let text = format!(
        "SELECT {} FROM {} WHERE t.row = ?1",
        sql::SUMMARY_COLUMNS,
        sql::SUMMARY_TABLES
    );
    let mut statement = connection.prepare_cached(&text)?;
    found
        .iter()
        .map(|(_, row)| statement.query_row([row], rows::short))
        .collect()
}

pub(super) fn events(
    connection: &Connection,
    id: TaskId,
    after: u64,
    limit: u32,
    max_bytes: u64,
) -> rusqlite::Result<Option<EventPage>> {
    let position = connection
        .prepare_cached(sql::TASK_POSITION)?
        .query_row([Stored(id)], |row| {
            let Stored(state) = row.get(1)?;
            Ok((row.get::<_, i64>(0)?, state, row.get(2)?))
        })
        .optional()?;
    let Some((row, state, last_seq)) = position else {
        return Ok(None);
    };
    // SQLite's integers are signed; nothing follows a `seq` beyond them.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql::EVENTS_AFTER)?;
    let mut found = statement.query(params![row, after, limit])?;
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        bytes += rows::event_bytes(row)?;
        if bytes > max_bytes && !events.is_empty() {
            break;
        }
        events.push(rows::event(id, row)?);
    }
    Ok(Some(EventPage {
        events,
        state,
        last_seq,
    }))
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<StateCounts> {
    let mut counts = StateCounts::default();
    let mut statement = connection.prepare_cached(sql::COUNTS_BY_STATE)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let Stored(state) = row.get(0)?;
        *counts.get_mut(state) = row.get(1)?;
    }
    Ok(counts)
}

pub(super) fn oldest_waiting(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let oldest: Option<Stored<Timestamp>> = connection
        .prepare_cached(sql::OLDEST_QUEUED)?
        .query_row([], |row| row.get(0))?;
    Ok(oldest.map(|Stored(at)| at))
}

/// The bytes of the database and of what has not been moved into it yet.
pub(super) fn size(connection: &Connection) -> u64 {
    bytes(connection, "") + log_size(connection)
}

/// The bytes of the write-ahead log.
pub(super) fn log_size(connection: &Connection) -> u64 {
    bytes(connection, "-wal")
}

fn bytes(connection: &Connection, suffix: &str) -> u64 {
    let path = connection.path().map(|path| format!("{path}{suffix}"));
    path.and_then(|path| std::fs::metadata(path).ok())
        .map_or(0, |file| file.len())
}

/// The failures that are kept, oldest first, and how many are not.
fn add_failures(connection: &Connection, row: i64, task: &mut Task) -> rusqlite::Result<()> {
    if task.error.is_none() {
        return Ok(());
    }
    task.errors = connection
        .prepare_cached(sql::FAILURES)?
        .query_map([row], rows::failure)?
        .collect::<rusqlite::Result<_>>()?;
    task.errors_omitted = task.errors_omitted.saturating_sub(task.errors.len() as u64);
    Ok(())
}
