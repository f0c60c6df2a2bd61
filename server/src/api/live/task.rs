//! One task's events, for the browser's subscription and for a socket of their own.

use std::sync::Arc;
use std::vec;

use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{Event, EventBody, ServerMessage, Task, TaskId};

use super::problem;
use super::socket::Talk;
use super::subscriptions::Subscription;
use crate::api::pages::{Page, pages};
use crate::budget::{Permit, SMALL, Share};

/// Output in one message, in bytes. A backlog may hold megabytes, and a browser draws nothing
/// before a message is complete.
const PORTION_BYTES: usize = 64 * 1024;

/// A follower's pages.
type Pages = BoxStream<'static, Result<Page, Error>>;

/// Follows a task: the task as it stands, its events after `after`, the task again after each
/// change of state, and `End`. What it holds meanwhile it has of `share`.
pub(super) fn watch(
    engine: Engine,
    share: Share,
    sub: u32,
    id: TaskId,
    after: u64,
) -> Subscription {
    let watch = Watch {
        engine,
        share,
        sub,
        id,
        after,
        pages: None,
        pending: Vec::new().into_iter(),
        moved: false,
        held: None,
        over: false,
    };
    stream::unfold(watch, |mut watch| async {
        let message = watch.next().await?;
        Some((message, watch))
    })
    .boxed()
}

struct Watch {
    engine: Engine,
    share: Share,
    sub: u32,
    id: TaskId,
    after: u64,
    /// `None` until it has begun.
    pages: Option<Pages>,
    /// What was read and is not sent.
    pending: vec::IntoIter<Arc<Event>>,
    /// Whether the task has to be told anew once that is sent.
    moved: bool,
    /// What is held of the page, or of the task: until the message after its last is asked for.
    held: Option<Permit>,
    over: bool,
}

impl Watch {
    /// The next message; `None` after the last.
    async fn next(&mut self) -> Option<ServerMessage> {
        if self.over {
            return None;
        }
        Some(self.try_next().await.unwrap_or_else(|error| {
            self.over = true;
            ServerMessage::Problem {
                sub: Some(self.sub),
                problem: problem(error),
            }
        }))
    }

    async fn try_next(&mut self) -> Result<ServerMessage, Error> {
        loop {
            let events = portion(&mut self.pending);
            if !events.is_empty() {
                let sub = self.sub;
                return Ok(ServerMessage::Events { sub, events });
            }
            self.held = None;
            let Some(pages) = &mut self.pages else {
                let (engine, share) = (self.engine.clone(), self.share.clone());
                let pages = pages(engine, share, self.id, self.after).await?;
                self.pages = Some(pages.boxed());
                return self.task().await;
            };
            if std::mem::take(&mut self.moved) {
                return self.task().await;
            }
            let Some(page) = pages.next().await.transpose()? else {
                self.over = true;
                return Ok(ServerMessage::End { sub: self.sub });
            };
            let moved = |event: &Arc<Event>| matches!(event.body, EventBody::State { .. });
            self.moved = page.events.iter().any(moved);
            self.held = page.permit;
            self.pending = page.events.into_iter();
        }
    }

    /// The task as it stands now. One for which there is no room is let go of, and read again.
    async fn task(&mut self) -> Result<ServerMessage, Error> {
        loop {
            let task = self.engine.task(self.id).await?;
            // As it was read, and as it is sent.
            let bytes = bytes_of(&task) * 2;
            if self.held.is_none() && bytes > SMALL {
                self.held = self.share.try_reserve(bytes);
                if self.held.is_none() {
                    drop(task);
                    self.held = Some(self.share.reserve(bytes).await);
                    continue;
                }
            }
            return Ok(ServerMessage::Task {
                sub: self.sub,
                task: Box::new(task),
            });
        }
    }
}

/// What is long in a task.
fn bytes_of(task: &Task) -> usize {
    let result = task.result.as_ref().map_or(0, |result| result.get().len());
    let errors: usize = task.errors.iter().map(|error| error.message.len()).sum();
    task.payload.get().len() + result + errors
}

/// Takes copies of the next events, so many that the message does not grow much beyond
/// [`PORTION_BYTES`].
fn portion(events: &mut vec::IntoIter<Arc<Event>>) -> Vec<Event> {
    let mut portion = Vec::new();
    let mut length = 0;
    while let Some(event) = events.as_slice().first() {
        length += match &event.body {
            EventBody::Output { text, .. } => text.len(),
            _ => 0,
        };
        if length > PORTION_BYTES && !portion.is_empty() {
            break;
        }
        portion.extend(events.next().map(Arc::unwrap_or_clone));
    }
    portion
}

/// The conversation of a socket that only tells: one event a message.
pub(super) struct EventLog {
    pages: Pages,
    pending: vec::IntoIter<Arc<Event>>,
    /// What is held of the page that they are from.
    held: Option<Permit>,
    failed: bool,
}

impl EventLog {
    /// The log of the task `id` after `after`; what it holds it has of `share`.
    pub(super) async fn new(
        engine: Engine,
        share: Share,
        id: TaskId,
        after: u64,
    ) -> Result<Self, Error> {
        Ok(Self {
            pages: pages(engine, share, id, after).await?.boxed(),
            pending: Vec::new().into_iter(),
            held: None,
            failed: false,
        })
    }
}

impl Talk for EventLog {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.pending.next() {
                return serde_json::to_string(event.as_ref()).ok();
            }
            self.held = None;
            match self.pages.next().await? {
                Ok(page) => {
                    self.held = page.permit;
                    self.pending = page.events.into_iter();
                }
                Err(error) => {
                    let problem = problem(error);
                    self.pages = stream::empty().boxed();
                    self.failed = true;
                    return serde_json::to_string(&problem).ok();
                }
            }
        }
    }

    fn failed(&self) -> bool {
        self.failed
    }

    fn hear(&mut self, _: &str) -> Option<String> {
        None
    }

    fn heartbeat(&self) -> Option<String> {
        None
    }
}
