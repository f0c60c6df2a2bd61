//! Watched lists: what changed among the tasks that match a filter.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use glassworks_protocol::{TaskFilter, TaskId, TaskSummary};
use tokio::time::{Instant, sleep_until};

use super::topics::{Seat, Teller, Told, Topics};
use crate::error::{Error, log_store_error};
use crate::hub::{Change, Changes};
use crate::store::Store;

/// The least time between two news of one list: a store with many watchers is asked once in it.
const PACE: Duration = Duration::from_secs(1);

/// What changed in a list since the last news.
#[derive(Clone, Debug, PartialEq)]
pub enum ListNews {
    /// Too much to be told, or something was missed: read it anew.
    Reload,
    /// These tasks.
    Changed {
        /// They match, as they stand now.
        upsert: Arc<[TaskSummary]>,
        /// They do not match, or not any more, or were deleted.
        removed: Arc<[TaskId]>,
    },
}

type News = Result<ListNews, Error>;

/// All lists that are watched, by their filters.
#[derive(Default)]
pub(crate) struct Lists(Topics<TaskFilter, News>);

impl Lists {
    /// Watches the tasks that match. `changes` are those from now on.
    pub(crate) fn watch(
        &self,
        store: Arc<dyn Store>,
        filter: TaskFilter,
        changes: impl FnOnce() -> Changes,
    ) -> BoxStream<'static, News> {
        let seat = self.0.join(filter.clone(), |teller| {
            let changes = changes();
            tell(store, filter, changes, teller)
        });
        stream::unfold(Some(seat), |seat| async {
            let mut seat: Seat<_, News> = seat?;
            let news = match seat.next().await? {
                Told::Next(news) => news,
                Told::Later(Ok(_)) => Ok(ListNews::Reload),
                Told::Later(Err(error)) => Err(error),
            };
            let goes_on = news.is_ok();
            Some((news, goes_on.then_some(seat)))
        })
        .boxed()
    }
}

/// Tells what changed for as long as the engine runs. After an error it goes on: those who heard it
/// have left, and others may have come.
async fn tell(
    store: Arc<dyn Store>,
    filter: TaskFilter,
    mut changes: Changes,
    teller: Teller<News>,
) {
    loop {
        let Some(change) = changes.next().await else {
            return;
        };
        let rest_until = Instant::now() + PACE;
        teller.tell(match change {
            Change::Everything => Ok(ListNews::Reload),
            Change::Tasks(ids) => look(&*store, ids, &filter).await,
        });
        sleep_until(rest_until).await;
    }
}

async fn look(store: &dyn Store, ids: Vec<TaskId>, filter: &TaskFilter) -> News {
    let upsert = store
        .summaries_of(ids.clone(), filter.clone())
        .await
        .map_err(|error| log_store_error("summaries_of", &error))?;
    let matching: HashSet<TaskId> = upsert.iter().map(|task| task.id).collect();
    let removed = ids.into_iter().filter(|id| !matching.contains(id));
    // Which of them were never to be seen, nobody knows any more: so none is told.
    if filter.reach.is_some() && removed.clone().next().is_some() {
        return Ok(ListNews::Reload);
    }
    Ok(ListNews::Changed {
        upsert: upsert.into(),
        removed: removed.collect(),
    })
}
