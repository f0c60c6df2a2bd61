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

/// The streams of one sort: of all tasks, or of those with a tag.
struct Streams {
    next_pair: &'static str,
    next_kind: &'static str,
    newest: &'static str,
    oldest: &'static str,
}

const OF_ALL: Streams = Streams {
    next_pair: sql::NEXT_PAIR,
    next_kind: sql::NEXT_KIND,
    newest: sql::NEWEST_LISTED,
    oldest: sql::OLDEST_LISTED,
};
const OF_A_TAG: Streams = Streams {
    next_pair: sql::NEXT_PAIR_TAGGED,
    next_kind: sql::NEXT_KIND_TAGGED,
    newest: sql::NEWEST_TAGGED,
    oldest: sql::OLDEST_TAGGED,
};

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
    if let Some(tag) = &filter.tag {
        collect(connection, &OF_A_TAG, tag, filter, &mut nearest)?;
    } else if filter.state.is_empty() && filter.kind.is_none() && filter.queue.is_none() {
        nearest.take(connection, sql::NEWEST_OF_ALL, sql::OLDEST_OF_ALL, &[])?;
    } else {
        collect(connection, &OF_ALL, "", filter, &mut nearest)?;
        if passes(filter, State::Running) {
            collect_running(connection, filter, &mut nearest)?;
        }
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

fn passes(filter: &TaskFilter, state: State) -> bool {
    filter.state.is_empty() || filter.state.contains(&state)
}

/// The streams of every kind and queue that the filter lets pass.
fn collect(
    connection: &Connection,
    streams: &Streams,
    tag: &str,
    filter: &TaskFilter,
    nearest: &mut Nearest,
) -> rusqlite::Result<()> {
    let mut each = |kind: &str, queue: &str| -> rusqlite::Result<()> {
        for state in State::ALL {
            // Without a tag, those that run are read apart.
            let apart = filter.tag.is_none() && state == State::Running;
            if passes(filter, state) && !apart {
                let of: [&dyn rusqlite::ToSql; 4] = [&tag, &kind, &queue, &code(state)];
                nearest.take(connection, streams.newest, streams.oldest, &of)?;
            }
        }
        Ok(())
    };
    match (&filter.kind, &filter.queue) {
        (Some(kind), Some(queue)) => each(kind, queue)?,
        (None, Some(queue)) => {
            let mut next = connection.prepare_cached(streams.next_kind)?;
            let mut kind = String::new();
            while let Some(found) = following(&mut next, params![tag, kind], |row| row.get(0))? {
                kind = found;
                each(&kind, queue)?;
            }
        }
        (wanted, None) => {
            let mut next = connection.prepare_cached(streams.next_pair)?;
            let mut pair = (wanted.clone().unwrap_or_default(), String::new());
            loop {
                let found = following(&mut next, params![tag, pair.0, pair.1], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
                match found {
                    Some(found) if wanted.as_ref().is_none_or(|kind| *kind == found.0) => {
                        pair = found;
                        each(&pair.0, &pair.1)?;
                    }
                    _ => break,
                }
            }
        }
    }
    Ok(())
}

fn following<T>(
    statement: &mut rusqlite::CachedStatement<'_>,
    after: impl rusqlite::Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    use rusqlite::OptionalExtension as _;
    statement.query_row(after, read).optional()
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
        nearest.offer(id, row.get(1)?);
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
            sql::NEXT_PAIR,
            sql::NEXT_KIND,
            sql::NEXT_PAIR_TAGGED,
            sql::NEXT_KIND_TAGGED,
            sql::RUNNING,
            sql::TEXTS,
            sql::MESSAGES,
            sql::ROW_BY_ID,
            sql::FAILURES,
            sql::FIRST_FAILURE,
            sql::COUNT_FAILURES,
            sql::TASK_POSITION,
            sql::EVENTS_AFTER,
            &of_rows,
            &of_rows_whole,
        ] {
            let steps = plan(&connection, text);
            for step in &steps {
                // The index of running tasks holds nothing else.
                let scans = step.starts_with("SCAN") && !step.contains("INDEX tasks_running");
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
            (sql::NEXT_PAIR, "(kind,queue)>(?,?)"),
            (sql::NEXT_PAIR_TAGGED, "tag=? AND (kind,queue)>(?,?)"),
            (sql::NEXT_KIND, "kind>?"),
            (sql::NEXT_KIND_TAGGED, "tag=? AND kind>?"),
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
