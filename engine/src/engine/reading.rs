//! Reading tasks and their logs.

use std::sync::Arc;

use futures::StreamExt;
use glassworks_protocol::{
    Event, FieldError, Order, PageRequest, Task, TaskCounts, TaskFilter, TaskId, TaskPage,
    TaskSummary,
};
use uuid::Uuid;

use super::answers::answer;
use super::{Engine, cursor};
use crate::error::Error;
use crate::hub::Follow;
use crate::store::{Listing, Place};

/// The most tasks on one page of a list.
const MOST_PER_PAGE: u32 = 100;
/// Tasks on a page when none is asked for.
const PER_PAGE: u32 = 50;
/// The most bytes of payloads, results and errors on one page, unless a single task has more.
const MOST_TASK_BYTES: u64 = 1024 * 1024;
/// The most characters that are searched for.
const LONGEST_SEARCH: usize = 256;
/// The most tasks of a state that are counted one by one.
const MOST_COUNTED: u32 = 10_000;
/// The most events on one page.
const MOST_EVENTS: u32 = 1_000;
/// The most bytes of events on one page, unless a single event has more.
const MOST_EVENT_BYTES: u64 = 1024 * 1024;

impl Engine {
    /// The task as it stands. Cancel safe, as are all that only read.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        let found = self.0.store.task(id).await;
        let found = answer("task", found)?.ok_or(Error::NotFound(id))?;
        self.reached(found)
    }

    /// One page of the tasks that match, newest first unless it asks for another order; when searching, those first that the text
    /// names. The page ends early where its tasks have more than 1 MiB together.
    pub async fn tasks(
        &self,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<TaskPage<Task>, Error> {
        let mut listing = self.listing(filter, page).await?;
        let ids: Vec<TaskId> = listing.tasks.iter().map(|task| task.id).collect();
        let last = ids.last().copied();
        let found = self.0.store.tasks_of(ids, MOST_TASK_BYTES).await;
        let tasks = answer("tasks_of", found)?;
        let reached = tasks.last().map(|task| task.id);
        if let Some(id) = reached.filter(|_| reached != last) {
            listing.next = Some(match page.order.unwrap_or_default() {
                Order::Newest => listing.place.after(id),
                Order::Oldest => Place::NewerThan(id),
            });
            listing.searched_until = None;
        }
        Ok(paged(&listing, tasks))
    }

    /// As [`tasks`](Engine::tasks), without payloads and results, and with long texts cut.
    pub async fn summaries(
        &self,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<TaskPage<TaskSummary>, Error> {
        let mut listing = self.listing(filter, page).await?;
        let tasks = std::mem::take(&mut listing.tasks);
        Ok(paged(&listing, tasks))
    }

    /// Of these tasks, 100 at most, those that exist, each in short.
    pub async fn summaries_of(&self, ids: Vec<TaskId>) -> Result<Vec<TaskSummary>, Error> {
        if ids.len() > MOST_PER_PAGE as usize {
            let detail = format!("must be at most {MOST_PER_PAGE}");
            return Err(Error::Invalid(vec![FieldError::new("id", detail)]));
        }
        let every = self.within_reach(&TaskFilter::default());
        answer("summaries_of", self.0.store.summaries_of(ids, every).await)
    }

    async fn listing(&self, filter: &TaskFilter, page: &PageRequest) -> Result<Listing, Error> {
        acceptable(filter)?;
        let limit = page.limit.unwrap_or(PER_PAGE);
        within("limit", limit, MOST_PER_PAGE)?;
        let order = page.order.unwrap_or_default();
        let mut place = cursor::read(page.cursor.as_deref(), filter)?;
        if order == Order::Oldest {
            if filter.searches() {
                let detail = "excludes q: a search tells first what its text names";
                return Err(Error::Invalid(vec![FieldError::new("order", detail)]));
            }
            if place == Place::Newest {
                place = Place::NewerThan(TaskId(Uuid::nil()));
            }
        }
        let found = self
            .0
            .store
            .summaries(self.within_reach(filter), place, limit)
            .await;
        let found = answer("summaries", found)?;
        Ok(match order {
            Order::Newest => found,
            Order::Oldest => turned(found, page.cursor.is_none()),
        })
    }

    /// How many tasks match, in each state that the filter lets pass. `None` when a text is searched
    /// for: nobody knows before all are looked at.
    pub async fn counts(&self, filter: &TaskFilter) -> Result<Option<TaskCounts>, Error> {
        acceptable(filter)?;
        if filter.searches() {
            return Ok(None);
        }
        let counted = filter.tag.is_some() || filter.since.is_some() || filter.until.is_some();
        let filter = self.within_reach(filter);
        let found = self.0.store.counts_of(filter, MOST_COUNTED).await;
        Ok(Some(TaskCounts {
            tasks: answer("counts_of", found)?,
            most: counted.then_some(MOST_COUNTED.into()),
        }))
    }

    /// Stored events of a task after `after`, at most `limit` (1 to 1,000), in order.
    ///
    /// A page has at most 1 MiB of them, and at least one event unless there is none: it is the
    /// last only when it is empty.
    pub async fn events(
        &self,
        id: TaskId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Arc<Event>>, Error> {
        within("limit", limit, MOST_EVENTS)?;
        self.reach(id).await?;
        let found = self
            .0
            .store
            .events(id, after, limit, MOST_EVENT_BYTES)
            .await;
        let page = answer("events", found)?.ok_or(Error::NotFound(id))?;
        Ok(page.events.into_iter().map(Arc::new).collect())
    }

    /// Follows a task's log after `after`: what is stored, then what comes, until it is over.
    pub async fn follow(&self, id: TaskId, after: u64) -> Result<Follow, Error> {
        self.reach(id).await?;
        let store = Arc::clone(&self.0.store);
        self.0.hub.follow(store, id, after).await
    }

    /// Waits until a task is over, and gives it as it stands then. A task that was deleted
    /// meanwhile is `NotFound`. Cancel safe.
    ///
    /// Returns before its end only when the engine shuts down.
    pub async fn ended(&self, id: TaskId) -> Result<Task, Error> {
        let task = self.task(id).await?;
        if task.state.is_final() {
            return Ok(task);
        }
        let mut log = self.follow(id, task.last_seq).await?;
        while let Some(events) = log.next().await {
            events?;
        }
        self.task(id).await
    }
}

/// A page read the other way round: a store tells the newest first.
fn turned(mut listing: Listing, is_first: bool) -> Listing {
    listing.tasks.reverse();
    std::mem::swap(&mut listing.next, &mut listing.previous);
    if is_first {
        listing.previous = None;
    }
    listing
}

/// Refuses a filter whose text is longer than anybody types.
pub(super) fn acceptable(filter: &TaskFilter) -> Result<(), Error> {
    let typed = filter.q.as_deref().unwrap_or_default();
    if typed.chars().nth(LONGEST_SEARCH).is_none() {
        return Ok(());
    }
    let detail = format!("must have at most {LONGEST_SEARCH} characters");
    Err(Error::Invalid(vec![FieldError::new("q", detail)]))
}

/// Refuses a number of things to list, by the `name` of its parameter, unless it is 1 to `most`.
pub(super) fn within(name: &str, number: u32, most: u32) -> Result<(), Error> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    let detail = format!("must be 1 to {most}");
    Err(Error::Invalid(vec![FieldError::new(name, detail)]))
}

fn paged<T>(listing: &Listing, tasks: Vec<T>) -> TaskPage<T> {
    TaskPage {
        tasks,
        next_cursor: listing.next.and_then(cursor::write),
        previous_cursor: listing.previous.and_then(cursor::write),
        searched_until: listing.searched_until,
    }
}
