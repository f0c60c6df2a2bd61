//! One task's events, for the browser's subscription and for a socket of their own.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use glassworks_engine::{Engine, Error, Follow};
use glassworks_protocol::{Event, EventBody, ServerMessage, TaskId};

use super::problem;
use super::socket::Talk;
use super::subscriptions::Subscription;

/// Output in one message, in bytes. A backlog may hold megabytes, and a browser draws nothing
/// before a message is complete.
const PORTION_BYTES: usize = 256 * 1024;

/// Follows a task: the task as it stands, its events after `after`, the task again after each
/// change of state, and `End`.
pub(super) fn watch(engine: Engine, sub: u32, id: TaskId, after: u64) -> Subscription {
    let watch = Watch {
        engine,
        sub,
        id,
        after,
        follow: None,
    };
    stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let (messages, over) = watch.step().await;
        Some((stream::iter(messages), (!over).then_some(watch)))
    })
    .flatten()
    .boxed()
}

struct Watch {
    engine: Engine,
    sub: u32,
    id: TaskId,
    after: u64,
    follow: Option<Follow>,
}

impl Watch {
    /// The next messages, and whether they are the last.
    async fn step(&mut self) -> (Vec<ServerMessage>, bool) {
        match self.try_step().await {
            Ok(step) => step,
            Err(error) => {
                let sub = Some(self.sub);
                let problem = problem(error);
                (vec![ServerMessage::Problem { sub, problem }], true)
            }
        }
    }

    async fn try_step(&mut self) -> Result<(Vec<ServerMessage>, bool), Error> {
        let Some(follow) = &mut self.follow else {
            self.follow = Some(self.engine.follow(self.id, self.after).await?);
            let task = current(&self.engine, self.sub, self.id).await?;
            return Ok((vec![task], false));
        };
        let Some(batch) = follow.next().await.transpose()? else {
            return Ok((vec![ServerMessage::End { sub: self.sub }], true));
        };
        let sub = self.sub;
        let mut messages: Vec<ServerMessage> = portions(&batch)
            .map(|events| ServerMessage::Events { sub, events })
            .collect();
        let moved = |event: &Arc<Event>| matches!(event.body, EventBody::State { .. });
        if batch.iter().any(moved) {
            messages.push(current(&self.engine, sub, self.id).await?);
        }
        Ok((messages, false))
    }
}

/// The task as it stands now.
async fn current(engine: &Engine, sub: u32, id: TaskId) -> Result<ServerMessage, Error> {
    let task = Box::new(engine.task(id).await?);
    Ok(ServerMessage::Task { sub, task })
}

/// Copies of `events`, divided so that no message grows much beyond [`PORTION_BYTES`].
fn portions(events: &[Arc<Event>]) -> impl Iterator<Item = Vec<Event>> {
    let mut room = PORTION_BYTES;
    let same = move |_: &Arc<Event>, next: &Arc<Event>| {
        let length = match &next.body {
            EventBody::Output { text, .. } => text.len(),
            _ => 0,
        };
        let fits = length <= room;
        room = if fits { room - length } else { PORTION_BYTES };
        fits
    };
    events
        .chunk_by(same)
        .map(|portion| portion.iter().map(|event| event.as_ref().clone()).collect())
}

/// The conversation of a socket that only tells: one event a message.
pub(super) struct EventLog {
    follow: Follow,
    pending: VecDeque<Arc<Event>>,
    failed: bool,
}

impl EventLog {
    pub(super) fn new(follow: Follow) -> Self {
        Self {
            follow,
            pending: VecDeque::new(),
            failed: false,
        }
    }
}

impl Talk for EventLog {
    async fn next(&mut self) -> Option<String> {
        while self.pending.is_empty() {
            match self.follow.next().await? {
                Ok(events) => self.pending.extend(events),
                Err(error) => {
                    let problem = problem(error);
                    self.follow = stream::empty().boxed();
                    self.failed = true;
                    return serde_json::to_string(&problem).ok();
                }
            }
        }
        let event = self.pending.pop_front()?;
        serde_json::to_string(event.as_ref()).ok()
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
