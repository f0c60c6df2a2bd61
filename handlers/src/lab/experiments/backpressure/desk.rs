//! Jobs that wait, and how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::lab::clock::Clock;

/// A job in the queue.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) body: Bytes,
    pub(crate) accepted: Duration,
}

/// What is measured of a queue. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    /// How long a job takes.
    pub(crate) takes: Duration,
    waiting: Arc<AtomicUsize>,
    most_waiting: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    most_bytes: Arc<AtomicUsize>,
    /// How long each job waited.
    pub(crate) waits: Arc<Mutex<Vec<Duration>>>,
}

impl Desk {
    pub(crate) fn new(clock: Clock, takes: Duration) -> Self {
        Self {
            clock,
            takes,
            waiting: Arc::default(),
            most_waiting: Arc::default(),
            bytes: Arc::default(),
            most_bytes: Arc::default(),
            waits: Arc::default(),
        }
    }

    /// A job that is about to enter the queue.
    pub(crate) fn job(&self, body: Bytes) -> Job {
        Job {
            body,
            accepted: self.clock.now(),
        }
    }

    /// Notes that a job of so many bytes stands in the queue.
    pub(crate) fn entered(&self, bytes: usize) {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
        let held = self.bytes.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.most_bytes.fetch_max(held, Ordering::SeqCst);
    }

    /// Does a job that has left the queue.
    pub(crate) async fn work(&self, job: Job) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.bytes.fetch_sub(job.body.len(), Ordering::SeqCst);
        let waited = self.clock.now().saturating_sub(job.accepted);
        self.waits.lock().push(waited);
        tokio::time::sleep(self.takes).await;
    }

    pub(crate) fn most_waiting(&self) -> usize {
        self.most_waiting.load(Ordering::SeqCst)
    }

    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes.load(Ordering::SeqCst)
    }
}
