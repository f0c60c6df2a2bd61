//! Pages of lists: which tasks come next, at a cost that does not grow with the finished ones.
//!
//! Each kind, queue and state has a stream of ids in an index, and each tag has the same. A page is
//! the nearest ids of the streams that its filter lets pass, each read no further than the page
//! needs. What it costs grows with the number of streams, that is with the names in use, and with
//! the tasks that run.

use glassworks_protocol::{TaskFilter, TaskId};
use uuid::Uuid;

use super::connect::Connected;
use super::rows;
use super::statements::ReaderStatements;
use super::text::is_plain;
use crate::store::{Place, StoreError, codes};

type Reader = Connected<ReaderStatements>;

/// Where a page begins: both bounds are excluded.
struct Bounds {
    to_older: bool,
    low: Uuid,
    high: Uuid,
}

impl Bounds {
    fn of(place: Place) -> Self {
        let (to_older, low, high) = match place {
            Place::Newest | Place::Elsewhere(None) => (true, Uuid::nil(), Uuid::max()),
            Place::OlderThan(TaskId(id)) | Place::Elsewhere(Some(TaskId(id))) => {
                (true, Uuid::nil(), id)
            }
            Place::NewerThan(TaskId(id)) => (false, id, Uuid::max()),
        };
        Self {
            to_older,
            low,
            high,
        }
    }
}

/// At most `limit` tasks that the filter lets pass, its text apart, nearest to `place` first.
pub(super) async fn nearest(
    reader: &Reader,
    filter: &TaskFilter,
    place: Place,
    limit: u32,
) -> Result<Vec<TaskId>, StoreError> {
    let bounds = Bounds::of(place);
    let names = [&filter.kind, &filter.queue, &filter.tag];
    // A name that cannot be kept is nobody's.
    if names
        .iter()
        .any(|name| name.as_deref().is_some_and(|name| !is_plain(name)))
    {
        return Ok(Vec::new());
    }
    let (no_kind, no_queue) = ([].as_slice(), [].as_slice());
    let (kinds, queues) = filter.reach.as_ref().map_or((no_kind, no_queue), |reach| {
        (reach.kinds.as_slice(), reach.queues.as_slice())
    });
    if names.iter().all(|name| name.is_none()) && filter.state.is_empty() && filter.reach.is_none()
    {
        return of_all(reader, &bounds, limit).await;
    }
    let (client, its) = (&reader.client, &reader.statements);
    let states: Vec<i16> = filter
        .state
        .iter()
        .map(|state| codes::code(*state))
        .collect();
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

/// At most `limit` tasks between two ids, both included, nearest to `place` first.
pub(super) async fn nearest_between(
    reader: &Reader,
    (least, greatest): (Uuid, Uuid),
    place: Place,
    limit: u32,
) -> Result<Vec<TaskId>, StoreError> {
    let mut bounds = Bounds::of(place);
    let before = Uuid::from_u128(least.as_u128().saturating_sub(1));
    let after = Uuid::from_u128(greatest.as_u128().saturating_add(1));
    bounds.low = bounds.low.max(before);
    bounds.high = bounds.high.min(after);
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
