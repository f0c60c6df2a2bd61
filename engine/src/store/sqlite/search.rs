//! Tasks that have a text.
//!
//! First come the tasks that the text names outright, found by an index: it begins their id, or is
//! their kind or a tag. Then those that have it anywhere: each has to be looked at, so a page of
//! them ends after a while and says how far it has come.

use std::time::{Duration, Instant};

use glassworks_protocol::{TaskFilter, TaskId, TaskSummary};
use rusqlite::{Connection, OptionalExtension, ffi};
use uuid::Uuid;

use super::listing::{self, Found};
use super::read;
use super::readers::Watch;
use super::rows::{self, Json};
use super::sql;
use super::text::Sought;
use crate::store::{Listing, Place};

/// How long one page looks for a text: about 400,000 small tasks.
const LOOKS_FOR: Duration = Duration::from_secs(2);
/// What is left of its time for the answer, when it had to wait for its turn.
const TO_ANSWER: Duration = Duration::from_millis(500);
/// Tasks taken from the index at a time.
const AT_A_TIME: u32 = 500;

pub(super) fn summaries(
    connection: &Connection,
    sought: &Sought,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
    watch: &Watch,
) -> rusqlite::Result<Listing> {
    if !matches!(place, Place::Elsewhere(_)) {
        let named = named(connection, sought, filter, place, limit)?;
        if !named.tasks.is_empty() {
            return Ok(named);
        }
    }
    let mut before = match place {
        Place::Elsewhere(before) => before,
        _ => None,
    };
    let began = Instant::now();
    let mut found: Vec<Found> = Vec::new();
    let mut stopped = false;
    let more = 'look: loop {
        let from = before.map_or(Place::Newest, Place::OlderThan);
        let candidates = listing::nearest(connection, filter, from, AT_A_TIME)?;
        let last = candidates.len() < AT_A_TIME as usize;
        for (id, row) in candidates {
            if began.elapsed() >= LOOKS_FOR || watch.left() < TO_ANSWER {
                stopped = true;
                break 'look true;
            }
            if watch.is_over() {
                return Err(interrupted());
            }
            if meets(connection, sought, (id, row))? == Met::HasIt {
                if found.len() == limit as usize {
                    break 'look true;
                }
                found.push((id, row));
            }
            before = Some(id);
        }
        if last {
            break false;
        }
    };
    Ok(Listing {
        tasks: read::summaries_at(connection, &found)?,
        place: Place::Elsewhere(None),
        next: more.then_some(Place::Elsewhere(before)),
        previous: None,
        searched_until: before.filter(|_| stopped),
    })
}

/// The tasks that the text names outright. After the last of them come those that only have it.
fn named(
    connection: &Connection,
    sought: &Sought,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> rusqlite::Result<Listing> {
    let one_more = limit.saturating_add(1);
    let mut found = Vec::new();
    if let Some(range) = sought.ids() {
        found.extend(begun_so(connection, range, filter, place, one_more)?);
    }
    let typed = Some(sought.typed.clone());
    if filter.kind.is_none() || filter.kind == typed {
        let of_kind = TaskFilter {
            kind: typed.clone(),
            ..filter.clone()
        };
        found.extend(listing::nearest(connection, &of_kind, place, one_more)?);
    }
    if filter.tag.is_none() || filter.tag == typed {
        let tagged = TaskFilter {
            tag: typed,
            ..filter.clone()
        };
        found.extend(listing::nearest(connection, &tagged, place, one_more)?);
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.dedup();
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = match found.last() {
        Some((id, _)) if more => Place::OlderThan(*id),
        _ => Place::Elsewhere(None),
    };
    Ok(Listing {
        tasks: read::summaries_at(connection, &found)?,
        place: Place::Newest,
        next: Some(next),
        previous: None,
        searched_until: None,
    })
}

/// Of `ids`, the tasks that exist and match.
pub(super) fn summaries_of(
    connection: &Connection,
    ids: &[TaskId],
    filter: &TaskFilter,
    sought: Option<&Sought>,
) -> rusqlite::Result<Vec<TaskSummary>> {
    let mut found: Vec<Found> = Vec::new();
    let mut row_of = connection.prepare_cached(sql::ROW_BY_ID)?;
    for id in ids {
        let row = row_of
            .query_row([rows::Stored(*id)], |row| row.get(0))
            .optional()?;
        if let Some(row) = row {
            found.push((*id, row));
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.dedup();
    let mut matching = Vec::new();
    for (task, met) in read::summaries_at(connection, &found)?
        .into_iter()
        .zip(found)
    {
        if !passes(filter, &task) {
            continue;
        }
        if let Some(sought) = sought
            && meets(connection, sought, met)? == Met::Not
        {
            continue;
        }
        matching.push(task);
    }
    Ok(matching)
}

/// Tasks whose ids lie in `range` and that the filter lets pass, its text apart.
fn begun_so(
    connection: &Connection,
    range: (Uuid, Uuid),
    filter: &TaskFilter,
    mut place: Place,
    limit: u32,
) -> rusqlite::Result<Vec<Found>> {
    let mut found = Vec::new();
    loop {
        let between = listing::nearest_between(connection, range, place, AT_A_TIME)?;
        let Some((last, _)) = between.last() else {
            return Ok(found);
        };
        place = Place::OlderThan(*last);
        for (task, one) in read::summaries_at(connection, &between)?
            .iter()
            .zip(between)
        {
            if passes(filter, task) {
                found.push(one);
                if found.len() == limit as usize {
                    return Ok(found);
                }
            }
        }
    }
}

/// Whether the filter lets a task pass, its text apart.
fn passes(filter: &TaskFilter, task: &TaskSummary) -> bool {
    (filter.state.is_empty() || filter.state.contains(&task.state))
        && filter.kind.as_ref().is_none_or(|kind| *kind == task.kind)
        && filter
            .queue
            .as_ref()
            .is_none_or(|queue| *queue == task.queue)
        && filter
            .tag
            .as_ref()
            .is_none_or(|tag| task.tags.contains(tag))
        && filter.reaches(&task.kind, &task.queue)
}

/// What a task has to do with a text.
#[derive(PartialEq, Eq)]
enum Met {
    /// It does not have it.
    Not,
    /// It has it somewhere.
    HasIt,
    /// It is named by it.
    IsNamed,
}

fn meets(connection: &Connection, sought: &Sought, (id, row): Found) -> rusqlite::Result<Met> {
    let (met, attempt) = connection
        .prepare_cached(sql::TEXTS)?
        .query_row([row], |row| {
            let kind = row.get_ref(0)?.as_str()?;
            let tags: Option<Json<Vec<String>>> = row.get(1)?;
            let tags = tags.map(|Json(tags)| tags).unwrap_or_default();
            let met = if sought.names(id.0, kind, &tags) {
                Met::IsNamed
            } else if sought.is_in_id(id.0)
                || sought.is_in(kind)
                || tags.iter().any(|tag| sought.is_in(tag))
                || sought.is_in_json(row.get_ref(2)?.as_str()?)
            {
                Met::HasIt
            } else {
                Met::Not
            };
            Ok((met, row.get::<_, u32>(3)?))
        })?;
    if met != Met::Not || attempt == 0 {
        return Ok(met);
    }
    let mut statement = connection.prepare_cached(sql::MESSAGES)?;
    let mut messages = statement.query([row])?;
    while let Some(message) = messages.next()? {
        if sought.is_in(message.get_ref(0)?.as_str()?) {
            return Ok(Met::HasIt);
        }
    }
    Ok(Met::Not)
}

/// As SQLite says it when it is stopped between two steps of its own.
fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
}
