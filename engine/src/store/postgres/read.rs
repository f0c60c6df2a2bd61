//! The questions that a store answers, on a reading connection.

use futures::try_join;
use glassworks_protocol::{
    StateCounts, StoreFigures, Task, TaskFilter, TaskId, TaskSummary, Timestamp,
};
use uuid::Uuid;

use super::connect::Connected;
use super::listing;
use super::rows;
use super::sql;
use super::statements::ReaderStatements;
use crate::store::{EventPage, Listing, Place, StoreError};

type Reader = Connected<ReaderStatements>;
type Result<T> = std::result::Result<T, StoreError>;

pub(super) async fn task(reader: &Reader, id: TaskId) -> Result<Option<Task>> {
    Ok(tasks_of(reader, &[id], u64::MAX).await?.pop())
}

pub(super) async fn tasks_of(reader: &Reader, ids: &[TaskId], max_bytes: u64) -> Result<Vec<Task>> {
    let (client, its) = (&reader.client, &reader.statements);
    let most = i64::try_from(max_bytes).unwrap_or(i64::MAX);
    let found = client.query(&its.tasks, &[&uuids(ids), &most]).await?;
    found.iter().map(rows::task).collect()
}

pub(super) async fn summaries(
    reader: &Reader,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> Result<Listing> {
    // One more than asked for, to know whether another page follows.
    let mut found = listing::nearest(reader, filter, place, limit.saturating_add(1)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let to_newer = matches!(place, Place::NewerThan(_));
    if to_newer {
        found.reverse();
    }
    let oldest = found.last().map(|id| Place::OlderThan(*id));
    let newest = found.first().map(|id| Place::NewerThan(*id));
    Ok(Listing {
        tasks: summaries_at(reader, &found).await?,
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
pub(super) async fn summaries_at(reader: &Reader, found: &[TaskId]) -> Result<Vec<TaskSummary>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (client, its) = (&reader.client, &reader.statements);
    let found = client.query(&its.summaries, &[&uuids(found)]).await?;
    found.iter().map(rows::short).collect()
}

pub(super) async fn events(
    reader: &Reader,
    id: TaskId,
    after: u64,
    limit: u32,
    max_bytes: u64,
) -> Result<Option<EventPage>> {
    let (client, its) = (&reader.client, &reader.statements);
    let most = i64::try_from(max_bytes).unwrap_or(i64::MAX);
    let (after, limit) = (rows::signed(after), i64::from(limit));
    // In one transaction, so that the task stands where its log ends.
    let ((), position, found, ()) = try_join!(
        client.batch_execute(sql::BEGIN_READING),
        async { client.query_opt(&its.task_position, &[&id.0]).await },
        async {
            client
                .query(&its.events_after, &[&id.0, &after, &limit, &most])
                .await
        },
        client.batch_execute(sql::COMMIT),
    )?;
    let Some(position) = position else {
        return Ok(None);
    };
    let events = found.iter().map(|row| rows::event(id, row));
    Ok(Some(EventPage {
        events: events.collect::<Result<_>>()?,
        state: rows::state(&position, 0)?,
        last_seq: rows::number(&position, 1)?,
    }))
}

pub(super) async fn counts(reader: &Reader) -> Result<StateCounts> {
    let (client, its) = (&reader.client, &reader.statements);
    let mut counts = StateCounts::default();
    for row in &client.query(&its.counts_by_state, &[]).await? {
        *counts.get_mut(rows::state(row, 0)?) = rows::number(row, 1)?;
    }
    Ok(counts)
}

pub(super) async fn oldest_waiting(reader: &Reader) -> Result<Option<Timestamp>> {
    let (client, its) = (&reader.client, &reader.statements);
    rows::optional_moment(&client.query_one(&its.oldest_queued, &[]).await?, 0)
}

/// All but how often something was asked.
pub(super) async fn figures(reader: &Reader) -> Result<StoreFigures> {
    let (client, its) = (&reader.client, &reader.statements);
    let found = client.query_one(&its.figures, &[]).await?;
    Ok(StoreFigures {
        kind: "postgres",
        sync: "on",
        size_bytes: rows::number(&found, 0)?,
        log_bytes: 0,
        reads: 0,
    })
}

pub(super) fn uuids(ids: &[TaskId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}
