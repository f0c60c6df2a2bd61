//! Who waits for work.
//!
//! Claims that find nothing wait in line, one line for each set of kinds and queues. When something
//! may have come, the first of each line asks the store, then more of it for as long as each gets
//! something: so an event costs one question a line and not one for each that waits, and whoever
//! came first is served first. An idle line asks nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use glassworks_protocol::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::grant::{Grant, Home};
use crate::error::Error;
use crate::store::remote::RemoteClaim;
use crate::store::{Claim, Outcome, Served, Write};

/// Claims of one line that ask at the same time, at most.
const WIDEST: usize = 64;
/// No more tasks are given to one claim once their payloads have so many bytes together.
pub(crate) const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// When to ask again after the store failed, in milliseconds.
const STORE_RETRY_MS: i64 = 1_000;
/// The longest that a line waits for a moment that it knows of: clocks are set.
const SLOW_POLL: Duration = Duration::from_secs(30);

/// What a worker asks for.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) worker: String,
    pub(crate) served: Served,
    /// How many tasks at most.
    pub(crate) limit: u32,
    /// See [`RemoteClaim::request`].
    pub(crate) request: String,
    pub(crate) lease_ms: u64,
}

/// Who waits for work.
#[derive(Default)]
pub(crate) struct Line {
    lines: Mutex<HashMap<Served, VecDeque<Waiting>>>,
    /// How many wait, so that a batch that brings work need not look.
    waiting: AtomicUsize,
    /// Counts what may have brought work.
    news: AtomicU64,
    /// Wakes those who serve.
    woken: Notify,
    next_place: AtomicU64,
    /// No more is given out.
    pub(crate) closing: CancellationToken,
    /// Told of each grant: a remote attempt is under way.
    pub(crate) granted: Arc<Notify>,
}

struct Waiting {
    place: u64,
    asked: Asked,
    until: Instant,
    answer: oneshot::Sender<Result<Grant, Error>>,
}

/// Leaves the line when its claim is not waited for any more.
struct Place<'l> {
    line: &'l Line,
    served: Served,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.leave(&self.served, self.number);
    }
}

impl Line {
    /// There may be work that was not there before.
    pub(crate) fn wake(&self) {
        // Counted first: whoever joins the line afterwards has to see it.
        self.news.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.woken.notify_one();
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Claims tasks, and waits for the first for as long as `wait`.
    ///
    /// Cancel safe: what is granted to nobody is put back.
    pub(crate) async fn claim(
        &self,
        home: &Home,
        asked: Asked,
        wait: Duration,
    ) -> Result<Grant, Error> {
        let until = Instant::now() + wait;
        let known = self.news.load(Ordering::SeqCst);
        let mut due = None;
        // Where others wait for the same there is nothing to be had, or it is theirs.
        if wait.is_zero() || !self.lines.lock().contains_key(&asked.served) {
            let (grant, next_due) = self.ask_apart(home, &asked).await?;
            if wait.is_zero() || !grant.tasks.is_empty() {
                return Ok(grant);
            }
            due = next_due;
        }
        let (answer, mut answered) = oneshot::channel();
        let place = self.next_place.fetch_add(1, Ordering::Relaxed);
        let served = asked.served.clone();
        self.join(Waiting {
            place,
            asked,
            until,
            answer,
        });
        let place = Place {
            line: self,
            served,
            number: place,
        };
        // Whoever serves the line has to know of a moment to come, too.
        if due.is_some() || self.news.load(Ordering::SeqCst) != known {
            self.woken.notify_one();
        }
        let closed = self.closing.clone();
        tokio::select! {
            biased;
            granted = &mut answered => return granted.unwrap_or(Ok(Grant::empty())),
            () = tokio::time::sleep_until(until) => {}
            () = closed.cancelled() => {}
        }
        if self.leave(&place.served, place.number) {
            return Ok(Grant::empty());
        }
        // It is being served at this moment.
        answered.await.unwrap_or(Ok(Grant::empty()))
    }

    /// Serves those who wait, until it is told to stop.
    pub(crate) async fn serve(self: Arc<Self>, home: Home) {
        let mut again = None;
        loop {
            let due = again.map_or(SLOW_POLL, until);
            tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = self.woken.notified() => {}
                () = tokio::time::sleep(due), if again.is_some() => {}
            }
            again = self.serve_all(&home).await;
        }
    }

    /// Serves each line. When the next task of any is due.
    async fn serve_all(&self, home: &Home) -> Option<Timestamp> {
        let lines: Vec<Served> = self.lines.lock().keys().cloned().collect();
        let served = lines.iter().map(|served| self.serve_line(served, home));
        join_all(served).await.into_iter().flatten().min()
    }

    async fn serve_line(&self, served: &Served, home: &Home) -> Option<Timestamp> {
        let mut width = 1;
        loop {
            let first = self.first_of(served, width);
            if first.is_empty() {
                return None;
            }
            let asking = first.into_iter().map(async |waiting| {
                let outcome = ask(home, &waiting.asked, &self.granted).await;
                (waiting, outcome)
            });
            let mut unserved = Vec::new();
            let mut next: Option<Timestamp> = None;
            for (waiting, outcome) in join_all(asking).await {
                match outcome {
                    Ok((grant, due)) if grant.tasks.is_empty() => {
                        next = next.into_iter().chain(due).min();
                        unserved.push(waiting);
                    }
                    // Whoever has gone drops what is granted, which puts it back.
                    Ok((grant, _)) => drop(waiting.answer.send(Ok(grant))),
                    Err(error) => {
                        let later = Timestamp::now().plus_millis(STORE_RETRY_MS);
                        next = Some(next.map_or(later, |next| next.min(later)));
                        drop(waiting.answer.send(Err(error)));
                    }
                }
            }
            if !unserved.is_empty() {
                self.put_back(served, unserved);
                return next;
            }
            width = (width * 2).min(WIDEST);
        }
    }

    /// Asks on a task of its own, so that whoever waits may go away at any moment.
    async fn ask_apart(
        &self,
        home: &Home,
        asked: &Asked,
    ) -> Result<(Grant, Option<Timestamp>), Error> {
        let (answer, answered) = oneshot::channel();
        let (home, asked) = (home.clone(), asked.clone());
        let told = Arc::clone(&self.granted);
        tokio::spawn(async move {
            let outcome = ask(&home, &asked, &told).await;
            let _ = answer.send(outcome);
        });
        answered.await.unwrap_or(Err(Error::ShuttingDown))
    }

    fn join(&self, waiting: Waiting) {
        let mut lines = self.lines.lock();
        let served = waiting.asked.served.clone();
        lines.entry(served).or_default().push_back(waiting);
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether it was in line.
    fn leave(&self, served: &Served, place: u64) -> bool {
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(served) else {
            return false;
        };
        let found = line.iter().position(|waiting| waiting.place == place);
        if let Some(index) = found {
            line.remove(index);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        if line.is_empty() {
            lines.remove(served);
        }
        found.is_some()
    }

    /// Takes the first `count` out of a line.
    fn first_of(&self, served: &Served, count: usize) -> Vec<Waiting> {
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(served) else {
            return Vec::new();
        };
        let count = count.min(line.len());
        let first: Vec<Waiting> = line.drain(..count).collect();
        self.waiting.fetch_sub(first.len(), Ordering::SeqCst);
        if line.is_empty() {
            lines.remove(served);
        }
        first
    }

    /// Puts those who got nothing back in front, but for those whose time is over.
    fn put_back(&self, served: &Served, unserved: Vec<Waiting>) {
        let now = Instant::now();
        let mut lines = self.lines.lock();
        for waiting in unserved.into_iter().rev() {
            if waiting.answer.is_closed() {
                continue;
            }
            if now >= waiting.until || self.closing.is_cancelled() {
                drop(waiting.answer.send(Ok(Grant::empty())));
                continue;
            }
            let line = lines.entry(served.clone()).or_default();
            line.push_front(waiting);
            self.waiting.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Asks the store. With what is granted comes when the next task is due.
async fn ask(
    home: &Home,
    asked: &Asked,
    granted: &Notify,
) -> Result<(Grant, Option<Timestamp>), Error> {
    let claim = Claim {
        node: asked.worker.clone(),
        served: asked.served.clone(),
        room: asked.limit,
        lease_ms: asked.lease_ms,
        remote: Some(RemoteClaim {
            request: asked.request.clone(),
            salt: Uuid::new_v4().into_bytes(),
            max_bytes: MOST_BYTES,
        }),
    };
    match home.journal.commit(Write::Claim(claim)).await? {
        Outcome::Claimed {
            tasks, next_due, ..
        } => {
            if !tasks.is_empty() {
                granted.notify_one();
            }
            Ok((Grant::new(tasks, home), next_due))
        }
        other => {
            tracing::error!(?other, "the store answered another write");
            Err(Error::Store)
        }
    }
}

/// How long to wait for a moment.
fn until(at: Timestamp) -> Duration {
    let ahead = at.millis_since(Timestamp::now());
    // A millisecond more, so that the clock has surely passed it.
    Duration::from_millis(u64::try_from(ahead).unwrap_or(0) + 1).min(SLOW_POLL)
}
