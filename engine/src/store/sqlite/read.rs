//! The questions that a store answers, on a reading connection.

use glassworks_protocol::{StateCounts, Task, TaskFilter, TaskId, TaskSummary, Timestamp};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::rows::{self, Stored, code};
use super::sql;
use crate::store::EventPage;

pub(super) fn task(connection: &Connection, id: TaskId) -> rusqlite::Result<Option<Task>> {
    let text = format!(
        "SELECT {}, {} FROM {} {} WHERE t.id = ?1",
        sql::SUMMARY_COLUMNS,
        sql::TASK_COLUMNS,
        sql::SUMMARY_TABLES,
        sql::RESULT_TABLE,
    );
    let found = connection
        .prepare_cached(&text)?
        .query_row([Stored(id)], |row| Ok((row.get(0)?, rows::task(row)?)))
        .optional()?;
    found
        .map(|(row, task)| with_failures(connection, row, task))
        .transpose()
}

pub(super) fn tasks(
    connection: &Connection,
    filter: &TaskFilter,
    before: Option<TaskId>,
    limit: u32,
) -> rusqlite::Result<Vec<Task>> {
    let columns = format!("{}, {}", sql::SUMMARY_COLUMNS, sql::TASK_COLUMNS);
    let tables = format!("{} {}", sql::SUMMARY_TABLES, sql::RESULT_TABLE);
    let found =
        Selection::of(filter)
            .before(before)
            .list(connection, &columns, &tables, limit, |row| {
                Ok((row.get(0)?, rows::task(row)?))
            })?;
    found
        .into_iter()
        .map(|(row, task)| with_failures(connection, row, task))
        .collect()
}

pub(super) fn summaries(
    connection: &Connection,
    filter: &TaskFilter,
    before: Option<TaskId>,
    limit: u32,
) -> rusqlite::Result<Vec<TaskSummary>> {
    Selection::of(filter).before(before).list(
        connection,
        sql::SUMMARY_COLUMNS,
        sql::SUMMARY_TABLES,
        limit,
        rows::summary,
    )
}

pub(super) fn summaries_of(
    connection: &Connection,
    ids: &[TaskId],
    filter: &TaskFilter,
) -> rusqlite::Result<Vec<TaskSummary>> {
    let limit = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    Selection::of(filter).among(ids).list(
        connection,
        sql::SUMMARY_COLUMNS,
        sql::SUMMARY_TABLES,
        limit,
        rows::summary,
    )
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
    let Some(path) = connection.path() else {
        return 0;
    };
    [path.to_owned(), format!("{path}-wal")]
        .iter()
        .filter_map(|file| std::fs::metadata(file).ok())
        .map(|file| file.len())
        .sum()
}

fn with_failures(connection: &Connection, row: i64, mut task: Task) -> rusqlite::Result<Task> {
    if task.error.is_some() {
        task.errors = connection
            .prepare_cached(sql::FAILURES)?
            .query_map([row], rows::failure)?
            .collect::<rusqlite::Result<_>>()?;
        task.errors.reverse();
    }
    Ok(task)
}

/// The conditions of a list, with their parameters.
#[derive(Default)]
struct Selection {
    conditions: Vec<String>,
    parameters: Vec<Box<dyn ToSql>>,
}

impl Selection {
    fn of(filter: &TaskFilter) -> Self {
        let mut selection = Self::default();
        if let Some(state) = filter.state {
            // Written out, so that the index of that state alone can serve.
            selection
                .conditions
                .push(format!("t.state = {}", code(state)));
        }
        if let Some(kind) = &filter.kind {
            selection.add("t.kind = ?", kind.clone());
        }
        if let Some(queue) = &filter.queue {
            selection.add("t.queue = ?", queue.clone());
        }
        if let Some(tag) = &filter.tag {
            selection.add(
                "EXISTS (SELECT 1 FROM json_each(b.tags) WHERE value = ?)",
                tag.clone(),
            );
        }
        if let Some(text) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
            let anywhere = format!("%{}%", escape(text));
            // An id is stored as its bytes, so without the hyphens of its text.
            let in_id = format!("%{}%", escape(&text.replace('-', "")));
            let number = selection.parameters.len();
            selection.conditions.push(format!(
                r"(hex(t.id) LIKE ?{id} ESCAPE '\' OR t.kind LIKE ?{text} ESCAPE '\'
                   OR b.tags LIKE ?{text} ESCAPE '\' OR b.payload LIKE ?{text} ESCAPE '\'
                   OR EXISTS (SELECT 1 FROM failures
                              WHERE row = t.row AND message LIKE ?{text} ESCAPE '\'))",
                id = number + 1,
                text = number + 2,
            ));
            selection.parameters.push(Box::new(in_id));
            selection.parameters.push(Box::new(anywhere));
        }
        selection
    }

    fn before(mut self, id: Option<TaskId>) -> Self {
        if let Some(id) = id {
            self.add("t.id < ?", Stored(id));
        }
        self
    }

    fn among(mut self, ids: &[TaskId]) -> Self {
        let first = self.parameters.len() + 1;
        let places: Vec<String> = (first..first + ids.len())
            .map(|place| format!("?{place}"))
            .collect();
        self.conditions
            .push(format!("t.id IN ({})", places.join(", ")));
        for id in ids {
            self.parameters.push(Box::new(Stored(*id)));
        }
        self
    }

    /// Adds a condition with one parameter, written `?`.
    fn add(&mut self, condition: &str, parameter: impl ToSql + 'static) {
        self.parameters.push(Box::new(parameter));
        let place = format!("?{}", self.parameters.len());
        self.conditions.push(condition.replace('?', &place));
    }

    fn list<T>(
        self,
        connection: &Connection,
        columns: &str,
        tables: &str,
        limit: u32,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let condition = if self.conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.conditions.join(" AND "))
        };
        let text =
            format!("SELECT {columns} FROM {tables} {condition} ORDER BY t.id DESC LIMIT {limit}");
        connection
            .prepare_cached(&text)?
            .query_map(params_from_iter(self.parameters.iter()), read)?
            .collect()
    }
}

/// Text as it stands, within a LIKE pattern.
fn escape(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}
