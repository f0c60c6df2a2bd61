//! A task's log for a follower, page by page, each counted in the budget for as long as the
//! follower holds it.
//!
//! One for whose page there is no room lets go of it, waits with empty hands, and reads it again.

use std::sync::Arc;

use futures::{Stream, StreamExt as _, stream};
use glassworks_engine::{Engine, Error, Follow};
use glassworks_protocol::{Event, EventBody, TaskId};

use crate::budget::{Permit, SMALL, Share};

/// What an event takes beside its texts, in bytes.
const EVENT_BYTES: usize = 160;

/// Some events in their order, at least one.
pub(super) struct Page {
    pub(super) events: Vec<Arc<Event>>,
    /// What they hold; nothing when they are few and small.
    pub(super) permit: Option<Permit>,
}

/// Where a follower stands.
struct Place {
    engine: Engine,
    share: Share,
    id: TaskId,
    /// The last event that it was given.
    after: u64,
    follow: Option<Follow>,
}

/// The events of the task `id` after `after`, as [`Engine::follow`] gives them, with room in
/// `share` for each page. Its error is that there is no such task, or that the store failed.
pub(super) async fn pages(
    engine: Engine,
    share: Share,
    id: TaskId,
    after: u64,
) -> Result<impl Stream<Item = Result<Page, Error>> + Send + 'static, Error> {
    let follow = engine.follow(id, after).await?;
    let place = Place {
        engine,
        share,
        id,
        after,
        follow: Some(follow),
    };
    Ok(stream::unfold(Some(place), async |place| {
        let mut place = place?;
        match place.next().await {
            Ok(None) | Err(Error::NotFound(_)) => None,
            Ok(Some(page)) => Some((Ok(page), Some(place))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl Place {
    async fn next(&mut self) -> Result<Option<Page>, Error> {
        let mut permit = None;
        loop {
            let follow = if let Some(follow) = &mut self.follow {
                follow
            } else {
                let follow = self.engine.follow(self.id, self.after).await?;
                self.follow.insert(follow)
            };
            let Some(events) = follow.next().await.transpose()? else {
                return Ok(None);
            };
            let bytes = bytes_of(&events);
            let room = permit.take().or_else(|| self.share.try_reserve(bytes));
            if room.is_none() && bytes > SMALL {
                drop(events);
                self.follow = None;
                permit = Some(self.share.reserve(bytes).await);
                continue;
            }
            self.after = events.last().map_or(self.after, |event| event.seq);
            return Ok(Some(Page {
                events,
                permit: room,
            }));
        }
    }
}

/// What a page takes: as it was read, and once more as it is sent.
fn bytes_of(events: &[Arc<Event>]) -> usize {
    let one = |event: &Arc<Event>| match &event.body {
        EventBody::Output { text, .. } => text.len(),
        EventBody::State { error, .. } => error.as_ref().map_or(0, String::len),
        EventBody::Progress { message, .. } => message.as_ref().map_or(0, String::len),
        _ => EVENT_BYTES,
    };
    events
        .iter()
        .map(|event| EVENT_BYTES + one(event) * 2)
        .sum()
}
