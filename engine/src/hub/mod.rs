//! Live fan-out of committed events.
//!
//! A follower holds a place in a task's log and nothing else: it subscribes first, reads the
//! backlog from the store, then goes on live, and goes back to the store when it was too slow. So
//! nothing is shown that is not stored, nothing is shown twice or left out, and a slow reader costs
//! no more memory than a quick one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use glassworks_protocol::{Event, EventBody, TaskId};
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use crate::error::Error;
use crate::error::log_store_error;
use crate::store::Store;

/// Events of one task that wait for a follower before it must go back to the store.
const EVENTS_HELD: usize = 128;
/// Batches of changes that wait for a list before it must read everything anew.
const BATCHES_HELD: usize = 64;
/// More changed tasks than this are not named.
const CHANGES_NAMED: usize = 500;
/// Events read from the store at a time.
const PAGE: u32 = 500;
/// Bytes of events read from the store at a time: what a follower that is not read from holds.
const PAGE_BYTES: u64 = 256 * 1024;
/// Live events given at a time.
const TOGETHER: usize = 128;

/// The events of one task, in order, stored and then live. Where some are not stored any more, a
/// `truncated` event stands in the place of the last. Each item is one or
/// more events. It ends when the task is over and all its events were given, when the task is
/// deleted, and when the engine has shut down.
pub type Follow = BoxStream<'static, Result<Vec<Arc<Event>>, Error>>;

#[cfg(test)]
mod tests;

/// Where committed events are handed on from.
pub(crate) struct Hub {
    followed: Mutex<Followed>,
    changes: broadcast::Sender<Changed>,
}

/// What a followed task's followers are told.
#[derive(Clone)]
enum Told {
    /// This was committed.
    Event(Arc<Event>),
    /// Something may have been: the store says what.
    Look,
}

/// What lists are told.
#[derive(Clone)]
enum Changed {
    /// These tasks changed.
    Tasks(Arc<[TaskId]>),
    /// Any may have.
    Anything,
}

#[derive(Default)]
struct Followed {
    tasks: HashMap<TaskId, broadcast::Sender<Told>>,
    /// No more is published.
    closed: bool,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            followed: Mutex::default(),
            changes: broadcast::Sender::new(BATCHES_HELD),
        }
    }

    /// Hands on a committed batch. Called in the order of commits.
    pub(crate) fn publish(&self, events: Vec<Event>, deleted: &[TaskId]) {
        if self.changes.receiver_count() > 0 {
            let changed = events.iter().map(|event| event.task_id);
            self.tell_lists(changed.chain(deleted.iter().copied()).collect());
        }
        let mut followed = self.followed.lock();
        if followed.tasks.is_empty() {
            return;
        }
        for event in events {
            if let Some(sender) = followed.tasks.get(&event.task_id) {
                // Refused only when the last follower has just gone.
                let _ = sender.send(Told::Event(Arc::new(event)));
            }
        }
        for id in deleted {
            followed.tasks.remove(id);
        }
    }

    /// Another node has changed these tasks, or any where they are not named: whoever follows one
    /// reads on in the store.
    pub(crate) fn look(&self, changed: Option<Vec<TaskId>>) {
        let followed = self.followed.lock();
        // Refused only when the last who follows, or watches a list, has just gone.
        if let Some(ids) = changed {
            for sender in ids.iter().filter_map(|id| followed.tasks.get(id)) {
                let _ = sender.send(Told::Look);
            }
            drop(followed);
            self.tell_lists(ids);
        } else {
            for sender in followed.tasks.values() {
                let _ = sender.send(Told::Look);
            }
            drop(followed);
            let _ = self.changes.send(Changed::Anything);
        }
    }

    fn tell_lists(&self, mut changed: Vec<TaskId>) {
        changed.sort_unstable();
        changed.dedup();
        if !changed.is_empty() {
            // Refused only when the last receiver has just gone.
            let _ = self.changes.send(Changed::Tasks(changed.into()));
        }
    }

    /// Ends every stream, once it has given what is committed.
    pub(crate) fn close(&self) {
        let mut followed = self.followed.lock();
        followed.closed = true;
        followed.tasks.clear();
    }

    /// What changed, from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes {
            receiver: self.changes.subscribe(),
        }
    }

    /// Follows a task's log after `after`. `NotFound` when there is no such task.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        store: Arc<dyn Store>,
        id: TaskId,
        after: u64,
    ) -> Result<Follow, Error> {
        let follower = Follower {
            place: Place {
                subscription: self.subscribe(id),
                store,
                id,
                after,
            },
            phase: Phase::Backlog,
        };
        // The first page is read here, so that an unknown task is an answer and not a stream.
        let (first, follower) = match follower.next_batch().await {
            Some((Err(error), _)) => return Err(error),
            Some((Ok(first), follower)) => (Some(first), Some(follower)),
            None => (None, None),
        };
        let rest = stream::unfold(follower, |follower| async {
            match follower?.next_batch().await? {
                // It was deleted since.
                (Err(Error::NotFound(_)), _) => None,
                (batch, follower) => Some((batch, Some(follower))),
            }
        });
        Ok(stream::iter(first.map(Ok))
            .chain(rest)
            .filter(|batch| {
                let empty = matches!(batch, Ok(events) if events.is_empty());
                futures::future::ready(!empty)
            })
            .boxed())
    }

    fn subscribe(self: &Arc<Self>, id: TaskId) -> Subscription {
        let mut followed = self.followed.lock();
        let receiver = if followed.closed {
            None
        } else {
            let sender = followed
                .tasks
                .entry(id)
                .or_insert_with(|| broadcast::Sender::new(EVENTS_HELD));
            Some(sender.subscribe())
        };
        Subscription {
            hub: Arc::clone(self),
            id,
            receiver,
        }
    }
}

/// A follower's live end. The hub forgets the task when the last one goes.
struct Subscription {
    hub: Arc<Hub>,
    id: TaskId,
    /// `None` once nothing more is to come.
    receiver: Option<broadcast::Receiver<Told>>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        drop(self.receiver.take());
        let mut followed = self.hub.followed.lock();
        if followed
            .tasks
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            followed.tasks.remove(&self.id);
        }
    }
}

/// Where a follower stands in a task's log.
struct Place {
    subscription: Subscription,
    store: Arc<dyn Store>,
    id: TaskId,
    /// The last `seq` that was given.
    after: u64,
}

struct Follower {
    place: Place,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// Reading from the store: at the start, and after having been too slow.
    Backlog,
    /// Up to date: waiting for what is published.
    Live,
    /// Everything was given.
    Over,
}

impl Follower {
    /// The next events, or `None` at the end. A batch may be empty.
    async fn next_batch(mut self) -> Option<(Result<Vec<Arc<Event>>, Error>, Self)> {
        let step = match self.phase {
            Phase::Backlog => self.place.read().await,
            Phase::Live => self.place.listen().await,
            Phase::Over => return None,
        };
        let (batch, phase) = match step {
            Ok((events, phase)) => (Ok(events), phase),
            Err(error) => (Err(error), Phase::Over),
        };
        self.phase = phase;
        Some((batch, self))
    }
}

impl Place {
    /// Reads one page from the store.
    async fn read(&mut self) -> Result<(Vec<Arc<Event>>, Phase), Error> {
        let page = self
            .store
            .events(self.id, self.after, PAGE, PAGE_BYTES)
            .await
            .map_err(|error| log_store_error("events", &error))?
            .ok_or(Error::NotFound(self.id))?;
        self.after = match page.events.last() {
            Some(last) => last.seq,
            // Nothing is left, whatever numbers were given.
            None => self.after.max(page.last_seq),
        };
        let phase = if self.after < page.last_seq {
            Phase::Backlog
        } else if page.state.is_final() || self.subscription.receiver.is_none() {
            Phase::Over
        } else {
            Phase::Live
        };
        Ok((page.events.into_iter().map(Arc::new).collect(), phase))
    }

    /// Waits for published events, and takes what has gathered.
    async fn listen(&mut self) -> Result<(Vec<Arc<Event>>, Phase), Error> {
        let Some(receiver) = &mut self.subscription.receiver else {
            return Ok((Vec::new(), Phase::Over));
        };
        let mut events = Vec::new();
        let mut next = receiver.recv().await;
        loop {
            match next {
                // Read from the store already, or before what was asked for. Either way the task
                // may be over with it: the store says.
                Ok(Told::Event(event)) if event.seq <= self.after => {
                    if is_end(&event) {
                        return Ok((events, Phase::Backlog));
                    }
                }
                Ok(Told::Event(event)) if event.seq == self.after + 1 => {
                    self.after = event.seq;
                    let over = is_end(&event);
                    events.push(event);
                    if over {
                        return Ok((events, Phase::Over));
                    }
                }
                // Events were missed: they are in the store.
                Ok(_) | Err(RecvError::Lagged(_)) => return Ok((events, Phase::Backlog)),
                Err(RecvError::Closed) => {
                    // The task was deleted or the engine closed. What was committed before is
                    // in the store, and with no receiver left reading it is the last step.
                    self.subscription.receiver = None;
                    return Ok((events, self.last_step().await));
                }
            }
            if events.len() >= TOGETHER {
                return Ok((events, Phase::Live));
            }
            next = match receiver.try_recv() {
                Ok(event) => Ok(event),
                Err(TryRecvError::Empty) => return Ok((events, Phase::Live)),
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
            };
        }
    }

    async fn last_step(&self) -> Phase {
        match self.store.events(self.id, self.after, 1, 0).await {
            Ok(Some(page)) if self.after < page.last_seq => Phase::Backlog,
            _ => Phase::Over,
        }
    }
}

fn is_end(event: &Event) -> bool {
    matches!(&event.body, EventBody::State { state, .. } if state.is_final())
}

/// What changed since the last look, for lists.
pub struct Changes {
    receiver: broadcast::Receiver<Changed>,
}

/// One look at what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These tasks, at most 500: new, moved, recorded something, or deleted.
    Tasks(Vec<TaskId>),
    /// More than can be named: read everything anew.
    Everything,
}

impl Changes {
    /// Waits for a change and gives all that gathered since the last call; `None` when the
    /// engine is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Change> {
        let mut changed = HashSet::new();
        let mut everything = false;
        match self.receiver.recv().await {
            Ok(Changed::Tasks(ids)) => changed.extend(ids.iter().copied()),
            Ok(Changed::Anything) | Err(RecvError::Lagged(_)) => everything = true,
            Err(RecvError::Closed) => return None,
        }
        loop {
            match self.receiver.try_recv() {
                Ok(Changed::Tasks(ids)) => changed.extend(ids.iter().copied()),
                Ok(Changed::Anything) | Err(TryRecvError::Lagged(_)) => everything = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if everything || changed.len() > CHANGES_NAMED {
            Some(Change::Everything)
        } else {
            Some(Change::Tasks(changed.into_iter().collect()))
        }
    }
}
