//! Tasks that have a text.
//!
//! First come the tasks that the text names outright, found by an index: it begins their id, or is
//! their kind or a tag. Then those that have it anywhere: each has to be looked at, so a page of
//! them ends after a while and says how far it has come.

use std::collections::HashSet;
use std::time::Duration;

use glassworks_protocol::{TaskFilter, TaskId, TaskSummary};
use tokio::time::Instant;
use tokio_postgres::Row;
use uuid::Uuid;

use super::connect::Connected;
use super::statements::ReaderStatements;
use super::text::unescaped;
use super::{listing, read, rows};
use crate::store::text::Sought;
use crate::store::{Listing, Place, StoreError, short};

type Reader = Connected<ReaderStatements>;
type Result<T> = std::result::Result<T, StoreError>;

/// How long one page looks for a text.
const LOOKS_FOR: Duration = Duration::from_secs(2);
/// What is left of its time for the answer, when it had to wait for its turn.
const TO_ANSWER: Duration = Duration::from_millis(500);
/// Tasks taken from the index at a time.
const AT_A_TIME: u32 = 500;
/// Bytes of payloads and messages looked at, at a time.
const BYTES_AT_A_TIME: i64 = 4 * 1024 * 1024;

pub(super) async fn summaries(
    reader: &Reader,
    sought: &Sought,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
    by: Instant,
) -> Result<Listing> {
    if !matches!(place, Place::Elsewhere(_)) {
        let named = named(reader, sought, filter, place, limit).await?;
        if !named.tasks.is_empty() {
            return Ok(named);
        }
    }
    let mut before = match place {
        Place::Elsewhere(before) => before,
        _ => None,
    };
    let until = (Instant::now() + LOOKS_FOR).min(by - TO_ANSWER);
    let mut found: Vec<TaskId> = Vec::new();
    let mut stopped = false;
    let more = 'look: loop {
        let from = before.map_or(Place::Newest, Place::OlderThan);
        let candidates = listing::nearest(reader, filter, from, AT_A_TIME).await?;
        let last = candidates.len() < AT_A_TIME as usize;
        let mut rest = &candidates[..];
        while !rest.is_empty() {
            if Instant::now() >= until {
                stopped = true;
                break 'look true;
            }
            let (looked, after) = look(reader, sought, rest).await?;
            for (id, met) in looked {
                if met == Met::HasIt {
                    if found.len() == limit as usize {
                        break 'look true;
                    }
                    found.push(id);
                }
                before = Some(id);
            }
            rest = after;
        }
        // Those that have gone meanwhile are looked at, too.
        before = candidates.last().copied().or(before);
        if last {
            break false;
        }
    };
    Ok(Listing {
        tasks: read::summaries_at(reader, &found).await?,
        place: Place::Elsewhere(None),
        next: more.then_some(Place::Elsewhere(before)),
        previous: None,
        searched_until: before.filter(|_| stopped),
    })
}

/// The tasks that the text names outright. After the last of them come those that only have it.
async fn named(
    reader: &Reader,
    sought: &Sought,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> Result<Listing> {
    let one_more = limit.saturating_add(1);
    let mut found = Vec::new();
    if let Some(range) = sought.ids() {
        found.extend(begun_so(reader, range, filter, place, one_more).await?);
    }
    let typed = Some(sought.typed.clone());
    if filter.kind.is_none() || filter.kind == typed {
        let of_kind = TaskFilter {
            kind: typed.clone(),
            ..filter.clone()
        };
        found.extend(listing::nearest(reader, &of_kind, place, one_more).await?);
    }
    if filter.tag.is_none() || filter.tag == typed {
        let tagged = TaskFilter {
            tag: typed,
            ..filter.clone()
        };
        found.extend(listing::nearest(reader, &tagged, place, one_more).await?);
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.dedup();
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = match found.last() {
        Some(id) if more => Place::OlderThan(*id),
        _ => Place::Elsewhere(None),
    };
    Ok(Listing {
        tasks: read::summaries_at(reader, &found).await?,
        place: Place::Newest,
        next: Some(next),
        previous: None,
        searched_until: None,
    })
}

/// Of `ids`, the tasks that exist and match.
pub(super) async fn summaries_of(
    reader: &Reader,
    mut ids: Vec<TaskId>,
    filter: &TaskFilter,
    sought: Option<&Sought>,
) -> Result<Vec<TaskSummary>> {
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.dedup();
    let mut tasks = read::summaries_at(reader, &ids).await?;
    tasks.retain(|task| short::passes(filter, task));
    let Some(sought) = sought else {
        return Ok(tasks);
    };
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    let mut matching = HashSet::new();
    let mut rest = &ids[..];
    while !rest.is_empty() {
        let (looked, after) = look(reader, sought, rest).await?;
        let met = looked.into_iter().filter(|(_, met)| *met != Met::Not);
        matching.extend(met.map(|(id, _)| id));
        rest = after;
    }
    tasks.retain(|task| matching.contains(&task.id));
    Ok(tasks)
}

/// Tasks whose ids lie in `range` and that the filter lets pass, its text apart.
async fn begun_so(
    reader: &Reader,
    range: (Uuid, Uuid),
    filter: &TaskFilter,
    mut place: Place,
    limit: u32,
) -> Result<Vec<TaskId>> {
    let mut found = Vec::new();
    loop {
        let between = listing::nearest_between(reader, range, place, AT_A_TIME).await?;
        let Some(last) = between.last() else {
            return Ok(found);
        };
        place = Place::OlderThan(*last);
        for task in read::summaries_at(reader, &between).await? {
            if short::passes(filter, &task) {
                found.push(task.id);
                if found.len() == limit as usize {
                    return Ok(found);
                }
            }
        }
    }
}

/// What a task has to do with a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    /// It does not have it.
    Not,
    /// It has it somewhere.
    HasIt,
    /// It is named by it.
    IsNamed,
}

/// Looks at the first of `ids`, as far as their texts are not too many at a time, and gives the rest.
async fn look<'i>(
    reader: &Reader,
    sought: &Sought,
    ids: &'i [TaskId],
) -> Result<(Vec<(TaskId, Met)>, &'i [TaskId])> {
    let (client, its) = (&reader.client, &reader.statements);
    let found = client
        .query(&its.texts, &[&read::uuids(ids), &BYTES_AT_A_TIME])
        .await?;
    let mut looked = Vec::with_capacity(found.len());
    for row in &found {
        let id = rows::task_id(row, 0)?;
        looked.push((id, meets(row, sought, id)?));
    }
    let reached = looked
        .last()
        .and_then(|(last, _)| ids.iter().position(|id| id == last));
    // Without an answer none of them exists any more.
    let rest = reached.map_or(&ids[ids.len()..], |place| &ids[place + 1..]);
    Ok((looked, rest))
}

fn meets(row: &Row, sought: &Sought, id: TaskId) -> Result<Met> {
    let kind: &str = rows::get(row, 1)?;
    let tags: Option<Vec<String>> = rows::get(row, 2)?;
    let tags = tags.unwrap_or_default();
    if sought.names(id.0, kind, &tags) {
        return Ok(Met::IsNamed);
    }
    let messages: Option<Vec<String>> = rows::get(row, 4)?;
    let has_it = sought.is_in_id(id.0)
        || sought.is_in(kind)
        || tags.iter().any(|tag| sought.is_in(tag))
        || sought.is_in_json(rows::get(row, 3)?)
        || messages
            .into_iter()
            .flatten()
            .any(|message| sought.is_in(&unescaped(message)));
    Ok(if has_it { Met::HasIt } else { Met::Not })
}
