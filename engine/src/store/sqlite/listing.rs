//! Pages of lists: which tasks come next, at a cost that does not grow with the finished ones.
//!
//! Each kind, queue and state has a stream of ids in an index, and each tag has the same. A page is
//! the nearest ids of the streams that its filter lets pass, each read no further than the page
//! needs. What it costs grows with the number of streams, that is with the names in use, and with
//! the tasks that run.

use std::collections::BTreeMap;

use glassworks_protocol::{State, TaskFilter, TaskId};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::rows::{Stored, code};
use super::sql;
use crate::store::Place;

/// A task's id and its row.
pub(super) type Found = (TaskId, i64);

/// At most `limit` tasks that the filter lets pass, its text apart, nearest to `place` first.
pub(super) fn nearest(
    connection: &Connection,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> rusqlite::Result<Vec<Found>> {
    let mut nearest = Nearest::new(place, limit);
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
    (least, greatest): (Uuid, Uuid),
    place: Place,
    limit: u32,
) -> rusqlite::Result<Vec<Found>> {
    let mut nearest = Nearest::new(place, limit);
    // The bounds of a stream are excluded.
    nearest.low = nearest
        .low
        .max(Uuid::from_u128(least.as_u128().saturating_sub(1)));
    nearest.high = nearest
        .high
        .min(Uuid::from_u128(greatest.as_u128().saturating_add(1)));
    nearest.take(connection, sql::NEWEST_OF_ALL, sql::OLDEST_OF_ALL, &[])?;
    Ok(nearest.into_found())
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
    let mut streams = connection.prepare_cached(sql::STREAMS)?;
    let mut streams = streams.query(params![filter.kind, filter.queue])?;
    while let Some(stream) = streams.next()? {
        let Stored(state) = stream.get(2)?;
        let (kind, queue): (String, String) = (stream.get(0)?, stream.get(1)?);
        if !filter.reaches(&kind, &queue) {
            continue;
        }
        if !filter.state.is_empty() && !filter.state.contains(&state) {
            continue;
        }
        if state == State::Running && filter.tag.is_none() {
            some_run = true;
            continue;
        }
        let of: [&dyn rusqlite::ToSql; 4] = [&filter.tag, &kind, &queue, &code(state)];
        nearest.take(connection, newest, oldest, &of)?;
    }
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
    /// From the place towards older tasks, or towards newer ones.
    to_older: bool,
    limit: usize,
    /// Both excluded. They close in once as many are met as were asked for.
    low: Uuid,
    high: Uuid,
    found: BTreeMap<Uuid, i64>,
}

impl Nearest {
    fn new(place: Place, limit: u32) -> Self {
        let (to_older, low, high) = match place {
            Place::Newest | Place::Elsewhere(None) => (true, Uuid::nil(), Uuid::max()),
            Place::OlderThan(TaskId(id)) | Place::Elsewhere(Some(TaskId(id))) => {
                (true, Uuid::nil(), id)
            }
            Place::NewerThan(TaskId(id)) => (false, id, Uuid::max()),
        };
        Self {
            to_older,
            limit: limit as usize,
            low,
            high,
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
        let text = if self.to_older { newest } else { oldest };
        let mut statement = connection.prepare_cached(text)?;
        let bounds: [Uuid; 2] = [self.low, self.high];
        let (low, high) = (Stored(TaskId(bounds[0])), Stored(TaskId(bounds[1])));
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
        if id <= self.low || id >= self.high {
            return;
        }
        self.found.insert(id, row);
        if self.found.len() > self.limit {
            if self.to_older {
                self.found.pop_first();
            } else {
                self.found.pop_last();
            }
        }
        if self.found.len() == self.limit {
            if self.to_older {
                self.low = self.found.first_key_value().map_or(self.low, |(id, _)| *id);
            } else {
                self.high = self.found.last_key_value().map_or(self.high, |(id, _)| *id);
            }
        }
    }

    fn into_found(self) -> Vec<Found> {
        let found = self.found.into_iter().map(|(id, row)| (TaskId(id), row));
        if self.to_older {
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
                // The index of running tasks holds nothing else, and counts are a few names.
                let scans = step.starts_with("SCAN")
                    && !step.contains("INDEX tasks_running")
                    && step != "SCAN counts";
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
