//! Connections that read, in lanes that do not wait for each other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::connect::{Backoff, Connected, Endpoint};
use super::sql;
use super::statements::ReaderStatements;
use crate::store::{StoreError, StoreFailure};

/// Which questions wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// About one task, counts, and whether the store answers at all.
    Single,
    /// Pages of lists.
    Lists,
    /// Texts to look for.
    Searches,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Single, Self::Lists, Self::Searches];

    /// How many connections it has at most, each made when it is first needed.
    fn connections(self) -> usize {
        match self {
            Self::Single | Self::Lists => 3,
            Self::Searches => 2,
        }
    }

    /// How many questions may wait.
    fn room(self) -> usize {
        match self {
            Self::Single => 10_000,
            Self::Lists => 1_000,
            Self::Searches => 100,
        }
    }

    /// How long an answer may take, waiting included.
    fn deadline(self) -> Duration {
        match self {
            Self::Single | Self::Lists => Duration::from_secs(5),
            // A search stops by itself before, with what it has found.
            Self::Searches => Duration::from_secs(4),
        }
    }
}

/// The connections that read.
pub(super) struct Readers {
    endpoint: Endpoint,
    lanes: [Places; 3],
    backoff: Backoff,
    asked: AtomicU64,
}

struct Places {
    turns: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Connected<ReaderStatements>>>,
}

/// One who waits, for as long as it does.
struct Waiter<'l>(&'l AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection in use. It goes back to its lane: a question whose caller has gone ends behind it,
/// and what is asked next is answered after that.
struct InUse<'l> {
    lane: &'l Places,
    connected: Option<Connected<ReaderStatements>>,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        if let Some(connected) = self.connected.take()
            && !connected.is_closed()
        {
            self.lane.idle.lock().push(connected);
        }
    }
}

impl Readers {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let lanes = Lane::ALL.map(|lane| Places {
            turns: Semaphore::new(lane.connections()),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
        });
        Self {
            endpoint,
            lanes,
            backoff: Backoff::default(),
            asked: AtomicU64::new(0),
        }
    }

    /// How often something was asked.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Answers `question` on a connection of `lane`. Cancel safe.
    pub(super) async fn read<T>(
        &self,
        lane: Lane,
        question: impl for<'c> FnOnce(
            &'c Connected<ReaderStatements>,
            Instant,
        ) -> BoxFuture<'c, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let by = Instant::now() + lane.deadline();
        let waits = &self.lanes[lane as usize];
        let turn = {
            let before = waits.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiter = Waiter(&waits.waiting);
            if before >= lane.room() {
                return Err(crowded());
            }
            timeout_at(by, waits.turns.acquire()).await
        };
        let Ok(Ok(_turn)) = turn else {
            return Err(crowded());
        };
        let answer = async {
            let mut in_use = self.connection(lane, waits).await?;
            let Some(connected) = &in_use.connected else {
                return Err(crowded());
            };
            let answer = question(connected, by).await;
            if answer
                .as_ref()
                .is_err_and(|error| error.failure == StoreFailure::Unreachable)
            {
                in_use.connected = None;
            }
            answer
        };
        match timeout_at(by, answer).await {
            Ok(Err(error)) if error.failure == StoreFailure::TimedOut => {
                Err(StoreError::new(StoreFailure::TooMuch, error.cause))
            }
            Ok(answer) => answer,
            Err(_) => {
                // A server that says nothing, not even that it has stopped the question.
                waits.idle.lock().clear();
                let cause = "the server does not answer";
                Err(StoreError::new(StoreFailure::TimedOut, cause))
            }
        }
    }

    async fn connection<'l>(&self, lane: Lane, waits: &'l Places) -> Result<InUse<'l>, StoreError> {
        let idle = loop {
            let idle = waits.idle.lock().pop();
            if idle.as_ref().is_none_or(|idle| !idle.is_closed()) {
                break idle;
            }
        };
        let connected = match idle {
            Some(connected) => connected,
            None => self.connect(lane).await?,
        };
        Ok(InUse {
            lane: waits,
            connected: Some(connected),
        })
    }

    async fn connect(&self, lane: Lane) -> Result<Connected<ReaderStatements>, StoreError> {
        self.backoff.check()?;
        let limit = lane.deadline().as_millis();
        let session = format!("{}{limit}", sql::SESSION_OF_READER);
        let made = self.endpoint.connect_soon(&session, None).await;
        match &made {
            Ok(_) => self.backoff.succeeded(),
            Err(error) => self.backoff.failed(error),
        }
        made
    }
}

fn crowded() -> StoreError {
    StoreError::new(StoreFailure::Crowded, "too many questions wait")
}
