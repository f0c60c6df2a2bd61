//! Pages of lists: which tasks come next, at a cost that does not grow with the finished ones.
//!
//! Each kind, queue and state has a stream of ids in an index, and each tag has the same. A page is
//! the nearest ids of the streams that its filter lets pass, each read no further than the page
//! needs. What it costs grows with the number of streams, that is with the names in use, and with
//! the tasks that run.

use std::collections::BTreeMap;

use glassworks_protocol::{State, StateCounts, TaskFilter, TaskId};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::rows::{Stored, code};
use super::sql;
use crate::store::Place;
use crate::store::bounds::Bounds;

/// A task's id and its row.
pub(super) type Found = (TaskId, i64);

/// At most `limit` tasks that the filter lets pass, its text apart, nearest to `place` first.
pub(super) fn nearest(
    connection: &Connection,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> rusqlite::Result<Vec<Found>> {
    let mut nearest = Nearest::new(Bounds::of(place).within(filter), limit);
    if filter.tag.is_some()
        || filter.kind.is_some()
        || filter.queue.is_some()
        || !filter.state.is_empty()
        || filter.reach.is_some()
    {
        collect(connection, filter, &mut nearest)?;
    } else {
        nearest.take(connection, sql::NEWEST_OF_ALL, sql::OLDEST_OF_ALL, &[])?;
    }
    Ok(nearest.into_found())
}

/// At most `limit` tasks between two ids, both included, nearest to `place` first.
pub(super) fn nearest_between(
    connection: &Connection,
    range: (Uuid, Uuid),
    place: Place,
    limit: u32,
) -> rusqlite::Result<Vec<Found>> {
    let mut nearest = Nearest::new(Bounds::of(place).between(range), limit);
    nearest.take(connection, sql::NEWEST_OF_ALL, sql::OLDEST_OF_ALL, &[])?;
    Ok(nearest.into_found())
}

/// How many tasks the filter lets pass, its text apart, by state; no more than `most` of each where
/// they have to be counted.
pub(super) fn counts(
    connection: &Connection,
    filter: &TaskFilter,
    most: u32,
) -> rusqlite::Result<StateCounts> {
    let mut counts = StateCounts::default();
    let most = u64::from(most);
    let bounds = Bounds::of(Place::Newest).within(filter);
    let text = match (&filter.tag, filter.since, filter.until) {
        (Some(_), _, _) => Some(sql::COUNT_TAGGED),
        (None, None, None) => None,
        _ => Some(sql::COUNT_LISTED),
    };
    each_stream(
        connection,
        filter,
        |Stream {
             kind,
             queue,
             state,
             tasks,
         }| {
            let count = counts.get_mut(state);
            *count += match text {
                None => tasks,
                Some(text) if state != State::Running || filter.tag.is_some() => {
                    let left = i64::try_from(most - *count).unwrap_or(i64::MAX);
                    connection.prepare_cached(text)?.query_row(
                        params![
                            filter.tag,
                            kind,
                            queue,
                            code(state),
                            Stored(TaskId(bounds.low)),
                            Stored(TaskId(bounds.high)),
                            left
                        ],
                        |row| row.get(0),
                    )?
                }
                // All of them are looked through at once, below.
                Some(_) => 0,
            };
            Ok(())
        },
    )?;
    if text.is_some() && filter.tag.is_none() && passes_running(filter) {
        let mut running = Nearest::new(bounds, u32::try_from(most).unwrap_or(u32::MAX));
        collect_running(connection, filter, &mut running)?;
        counts.running = running.found.len() as u64;
    }
    Ok(counts)
}

fn passes_running(filter: &TaskFilter) -> bool {
    filter.state.is_empty() || filter.state.contains(&State::Running)
}

/// A kind, queue and state that has tasks.
struct Stream {
    kind: String,
    queue: String,
    state: State,
    tasks: u64,
}

/// Every kind, queue and state that has tasks and that the filter lets pass.
fn each_stream(
    connection: &Connection,
    filter: &TaskFilter,
    mut each: impl FnMut(Stream) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut streams = connection.prepare_cached(sql::STREAMS)?;
    let mut streams = streams.query(params![filter.kind, filter.queue])?;
    while let Some(stream) = streams.next()? {
        let Stored(state) = stream.get(2)?;
        let stream = Stream {
            kind: stream.get(0)?,
            queue: stream.get(1)?,
            state,
            tasks: stream.get(3)?,
        };
        if filter.reaches(&stream.kind, &stream.queue)
            && (filter.state.is_empty() || filter.state.contains(&state))
        {
            each(stream)?;
        }
    }
    Ok(())
}

/// The streams of every kind, queue and state that the filter lets pass.
fn collect(
    connection: &Connection,
    filter: &TaskFilter,
    nearest: &mut Nearest,
) -> rusqlite::Result<()> {
    let (newest, oldest) = if filter.tag.is_some() {
        (sql::NEWEST_TAGGED, sql::OLDEST_TAGGED)
    } else {
        (sql::NEWEST_LISTED, sql::OLDEST_LISTED)
    };
    let mut some_run = false;
    each_stream(
        connection,
        filter,
        |Stream {
             kind, queue, state, ..
         }| {
            if state == State::Running && filter.tag.is_none() {
                some_run = true;
                return Ok(());
            }
            let of: [&dyn rusqlite::ToSql; 4] = [&filter.tag, &kind, &queue, &code(state)];
            nearest.take(connection, newest, oldest, &of)
        },
    )?;
    if some_run {
        collect_running(connection, filter, nearest)?;
    }
    Ok(())
}

/// Those that run are looked through: they are no more than this node has workers.
fn collect_running(
    connection: &Connection,
    filter: &TaskFilter,
    nearest: &mut Nearest,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql::RUNNING)?;
    let mut rows = statement.query(params![filter.kind, filter.queue])?;
    while let Some(row) = rows.next()? {
        let Stored(TaskId(id)) = row.get(0)?;
        let (kind, queue) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
        if filter.reaches(kind, queue) {
            nearest.offer(id, row.get(1)?);
        }
    }
    Ok(())
}

/// The nearest ids met so far.
struct Nearest {
    limit: usize,
    /// They close in once as many are met as were asked for.
    bounds: Bounds,
    found: BTreeMap<Uuid, i64>,
}

impl Nearest {
    fn new(bounds: Bounds, limit: u32) -> Self {
        Self {
            limit: limit as usize,
            bounds,
            found: BTreeMap::new(),
        }
    }

    /// Takes from one stream what may be among the nearest.
    fn take(
        &mut self,
        connection: &Connection,
        newest: &'static str,
        oldest: &'static str,
        of: &[&dyn rusqlite::ToSql],
    ) -> rusqlite::Result<()> {
        let text = if self.bounds.to_older { newest } else { oldest };
        let mut statement = connection.prepare_cached(text)?;
        let Bounds { low, high, .. } = self.bounds;
        let (low, high) = (Stored(TaskId(low)), Stored(TaskId(high)));
        let mut parameters = of.to_vec();
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        parameters.extend([&low as &dyn rusqlite::ToSql, &high, &limit]);
        let mut rows = statement.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            let Stored(TaskId(id)) = row.get(0)?;
            self.offer(id, row.get(1)?);
        }
        Ok(())
    }

    fn offer(&mut self, id: Uuid, row: i64) {
        if id <= self.bounds.low || id >= self.bounds.high {
            return;
        }
        self.found.insert(id, row);
        if self.found.len() > self.limit {
            if self.bounds.to_older {
                self.found.pop_first();
            } else {
                self.found.pop_last();
            }
        }
        if self.found.len() == self.limit {
            if self.bounds.to_older {
                self.bounds.low = self
                    .found
                    .first_key_value()
                    .map_or(self.bounds.low, |(id, _)| *id);
            } else {
                self.bounds.high = self
                    .found
                    .last_key_value()
                    .map_or(self.bounds.high, |(id, _)| *id);
            }
        }
    }

    fn into_found(self) -> Vec<Found> {
        let found = self.found.into_iter().map(|(id, row)| (TaskId(id), row));
        if self.bounds.to_older {
            found.rev().collect()
        } else {
            found.collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{schema, sql};

    fn plan(connection: &Connection, text: &str) -> Vec<String> {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {text}"))
            .unwrap();
        let steps = statement
            .raw_query()
            .mapped(|row| row.get(3))
            .collect::<Result<_, _>>();
        steps.unwrap()
    }

    /// No plan looks through a table or sorts what it has found, however many tasks are finished.
    #[test]
    fn every_question_of_lists_is_answered_by_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let of_rows = format!(
            "SELECT {} FROM {} WHERE t.row = ?1",
            sql::SUMMARY_COLUMNS,
            sql::SUMMARY_TABLES
        );
        let of_rows_whole = format!(
            "SELECT {}, {} FROM {} {} WHERE t.id = ?1",
            sql::SUMMARY_COLUMNS,
            sql::TASK_COLUMNS,
            sql::SUMMARY_TABLES,
            sql::RESULT_TABLE
        );
        for text in [
            sql::NEWEST_OF_ALL,
            sql::OLDEST_OF_ALL,
            sql::NEWEST_LISTED,
            sql::OLDEST_LISTED,
            sql::NEWEST_TAGGED,
            sql::OLDEST_TAGGED,
            sql::COUNT_LISTED,
            sql::COUNT_TAGGED,
            sql::STREAMS,
            sql::RUNNING,
            sql::TEXTS,
            sql::MESSAGES,
            sql::ROW_BY_ID,
            sql::FAILURES,
            sql::TASK_POSITION,
            sql::EVENTS_AFTER,
            &of_rows,
            &of_rows_whole,
        ] {
            let steps = plan(&connection, text);
            for step in &steps {
                // The index of running tasks holds nothing else, counts are a few names, and what
                // is counted is what the index has found, up to a limit.
                let scans = step.starts_with("SCAN")
                    && !step.contains("INDEX tasks_running")
                    && step != "SCAN counts"
                    && step != "SCAN (subquery-1)";
                assert!(
                    !scans && !step.contains("TEMP B-TREE"),
                    "{text}\n{steps:#?}"
                );
            }
        }
        // Bounds on the id are part of the search, and not looked for among what it finds.
        for (text, bound) in [
            (
                sql::NEWEST_LISTED,
                "kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
            (
                sql::OLDEST_LISTED,
                "kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
            (
                sql::COUNT_LISTED,
                "kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
            (
                sql::COUNT_TAGGED,
                "tag=? AND kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
            (
                sql::NEWEST_TAGGED,
                "tag=? AND kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
            (
                sql::OLDEST_TAGGED,
                "tag=? AND kind=? AND queue=? AND state=? AND id>? AND id<?",
            ),
        ] {
            let steps = plan(&connection, text);
            assert!(
                steps.iter().any(|step| step.contains(bound)),
                "{text}\n{steps:#?}"
            );
        }
    }

    /// The plan of a trigger is not shown with that of the write that sets it off.
    #[test]
    fn the_tags_of_a_task_are_found_by_all_of_their_key() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        for trigger in ["tags_moved", "tags_removed"] {
            let text: String = connection
                .query_row(
                    "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1",
                    [trigger],
                    |row| row.get(0),
                )
                .unwrap();
            let (_, body) = text.split_once("BEGIN").unwrap();
            let mut statement = body.split_once(';').unwrap().0.to_owned();
            for column in ["row", "tags", "kind", "queue", "state", "id"] {
                for version in ["old", "new"] {
                    statement = statement.replace(&format!("{version}.{column}"), "?1");
                }
            }
            let steps = plan(&connection, &statement);
            let key = "tag=? AND kind=? AND queue=? AND state=? AND id=?";
            assert!(
                steps.iter().any(|step| step.contains(key)),
                "{statement}\n{steps:#?}"
            );
        }
    }
}
