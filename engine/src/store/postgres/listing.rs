//! Pages of lists: which tasks come next, at a cost that does not grow with the finished ones.
//!
//! Each kind, queue and state has a stream of ids in an index, and each tag has the same. A page is
//! the nearest ids of the streams that its filter lets pass, each read no further than the page
//! needs. What it costs grows with the number of streams, that is with the names in use, and with
//! the tasks that run.

use glassworks_protocol::{StateCounts, TaskFilter, TaskId};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Connected;
use super::rows;
use super::statements::ReaderStatements;
use super::text::is_plain;
use crate::store::bounds::Bounds;
use crate::store::{Place, StoreError, codes};

type Reader = Connected<ReaderStatements>;

/// At most `limit` tasks that the filter lets pass, its text apart, nearest to `place` first.
pub(super) async fn nearest(
    reader: &Reader,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> Result<Vec<TaskId>, StoreError> {
    let bounds = Bounds::of(place).within(filter);
    if !is_possible(filter) {
        return Ok(Vec::new());
    }
    let (kinds, queues) = reached(filter);
    let is_of_all = filter.kind.is_none()
        && filter.queue.is_none()
        && filter.tag.is_none()
        && filter.state.is_empty()
        && filter.reach.is_none();
    if is_of_all {
        return of_all(reader, &bounds, limit).await;
    }
    let (client, its) = (&reader.client, &reader.statements);
    let states = states(filter);
    let limit = i64::from(limit);
    let Bounds { low, high, .. } = bounds;
    let found = if let Some(tag) = &filter.tag {
        let statement = if bounds.to_older {
            &its.newest_tagged
        } else {
            &its.oldest_tagged
        };
        let (kind, queue) = (&filter.kind, &filter.queue);
        client
            .query(
                statement,
                &[
                    &low, &high, &limit, kind, queue, &states, &kinds, &queues, tag,
                ],
            )
            .await?
    } else {
        let statement = if bounds.to_older {
            &its.newest_listed
        } else {
            &its.oldest_listed
        };
        let (kind, queue) = (&filter.kind, &filter.queue);
        client
            .query(
                statement,
                &[&low, &high, &limit, kind, queue, &states, &kinds, &queues],
            )
            .await?
    };
    found.iter().map(|row| rows::task_id(row, 0)).collect()
}

/// How many tasks the filter lets pass, its text apart, by state; no more than `most` of each stream
/// where they have to be counted.
pub(super) async fn counts(
    reader: &Reader,
    filter: &TaskFilter,
    most: u32,
) -> Result<StateCounts, StoreError> {
    let mut counts = StateCounts::default();
    if !is_possible(filter) {
        return Ok(counts);
    }
    let (client, its) = (&reader.client, &reader.statements);
    let Bounds { low, high, .. } = Bounds::of(Place::Newest).within(filter);
    let (kinds, queues) = reached(filter);
    let states = states(filter);
    let (kind, queue) = (&filter.kind, &filter.queue);
    let limit = i64::from(most);
    let narrow: [&(dyn ToSql + Sync); 8] =
        [&low, &high, &limit, kind, queue, &states, &kinds, &queues];
    let (found, most) = if let Some(tag) = &filter.tag {
        let mut narrow = narrow.to_vec();
        narrow.push(tag);
        (
            client.query(&its.count_tagged, &narrow).await?,
            u64::from(most),
        )
    } else if filter.since.is_some() || filter.until.is_some() {
        (
            client.query(&its.count_listed, &narrow).await?,
            u64::from(most),
        )
    } else {
        (client.query(&its.count_all, &narrow[3..]).await?, u64::MAX)
    };
    for row in &found {
        *counts.get_mut(rows::state(row, 0)?) = rows::number(row, 1)?.min(most);
    }
    Ok(counts)
}

/// Whether any task can pass: a name that cannot be kept is nobody's.
fn is_possible(filter: &TaskFilter) -> bool {
    [&filter.kind, &filter.queue, &filter.tag]
        .into_iter()
        .all(|name| name.as_deref().is_none_or(is_plain))
}

fn states(filter: &TaskFilter) -> Vec<i16> {
    let codes = filter.state.iter().map(|state| codes::code(*state));
    codes.collect()
}

/// The kinds and queues that whoever asks has to do with; none for all.
fn reached(filter: &TaskFilter) -> (&[String], &[String]) {
    filter.reach.as_ref().map_or((&[], &[]), |reach| {
        (reach.kinds.as_slice(), reach.queues.as_slice())
    })
}

/// At most `limit` tasks between two ids, both included, nearest to `place` first.
pub(super) async fn nearest_between(
    reader: &Reader,
    range: (Uuid, Uuid),
    place: Place,
    limit: u32,
) -> Result<Vec<TaskId>, StoreError> {
    let bounds = Bounds::of(place).between(range);
    of_all(reader, &bounds, limit).await
}

async fn of_all(reader: &Reader, bounds: &Bounds, limit: u32) -> Result<Vec<TaskId>, StoreError> {
    let (client, its) = (&reader.client, &reader.statements);
    let statement = if bounds.to_older {
        &its.newest_of_all
    } else {
        &its.oldest_of_all
    };
    let limit = i64::from(limit);
    let found = client
        .query(statement, &[&bounds.low, &bounds.high, &limit])
        .await?;
    found.iter().map(|row| rows::task_id(row, 0)).collect()
}
