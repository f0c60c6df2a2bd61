//! Claims that ride with the journal's batches.
//!
//! A batch that brings work or makes room ends with a claim. So a task that is submitted to an idle
//! node is accepted and claimed by one transaction and waits for one sync of the disk, and a busy
//! node fills the room of the attempts that a batch ends in that same batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassworks_protocol::{TaskId, Timestamp};
use tokio::sync::{Mutex, MutexGuard, Notify, mpsc};

use crate::attempts::runs::{Added, Runs};
use crate::journal::{self, Rider};
use crate::remote::line::Line;
use crate::store::{Claim, Claimed, Outcome, Served, Write};

/// How long to wait after the store failed, in milliseconds.
const STORE_RETRY_MS: i64 = 1_000;

/// What this node claims, and whether it does.
pub(crate) struct Claims {
    node: String,
    /// What has a handler here, in the queues that are served.
    served: Served,
    lease_ms: u64,
    /// How many attempts may be made at a time.
    workers: usize,
    runs: Arc<Runs>,
    /// Whether batches claim. Held while one is committed.
    open: Mutex<bool>,
    /// Whether the next batch claims whatever is in it.
    wanted: AtomicBool,
    /// Wakes the journal: a claim is wanted.
    asked: Notify,
    granted: mpsc::UnboundedSender<Granted>,
    /// Remote workers that wait for tasks of theirs.
    line: Arc<Line>,
}

/// What became of one claim.
pub(crate) struct Granted {
    /// The attempts to start, each of which is among the [`Runs`] already.
    pub(crate) tasks: Vec<(Claimed, Added)>,
    /// When to claim again, should nothing happen before.
    pub(crate) again_at: Option<Timestamp>,
}

/// A batch that may claim. No other does before this is dropped.
pub(crate) struct Turn<'c> {
    claims: &'c Claims,
    open: MutexGuard<'c, bool>,
    /// The attempts that the batch ends.
    ending: Vec<(TaskId, u32)>,
}

impl Claims {
    /// Claims for `node`, to begin once they are [opened](Self::open). What they are granted comes
    /// out of the receiver: as many tasks at most as there is room for.
    pub(crate) fn new(
        node: String,
        served: Served,
        lease: Duration,
        workers: u32,
        runs: Arc<Runs>,
        line: Arc<Line>,
    ) -> (Self, mpsc::UnboundedReceiver<Granted>) {
        let (granted, receiver) = mpsc::unbounded_channel();
        let claims = Self {
            node,
            served,
            lease_ms: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            workers: workers.max(1) as usize,
            runs,
            open: Mutex::new(false),
            wanted: AtomicBool::new(false),
            asked: Notify::new(),
            granted,
            line,
        };
        (claims, receiver)
    }

    /// Begins with what the store holds already.
    pub(crate) async fn open(&self) {
        *self.open.lock().await = true;
        self.want();
    }

    /// No more claims. When this returns, everything that was granted is in the receiver.
    pub(crate) async fn close(&self) {
        *self.open.lock().await = false;
    }

    /// How many more attempts may be made once those in `ending` are over.
    fn room_after(&self, ending: &[(TaskId, u32)]) -> usize {
        self.workers
            .saturating_sub(self.runs.len_without(ending.iter().copied()))
    }
}

impl Rider for Claims {
    type Turn<'c> = Turn<'c>;

    /// Lets the next batch claim, and makes one if nothing else does.
    fn want(&self) {
        self.wanted.store(true, Ordering::Release);
        self.asked.notify_one();
    }

    fn brought_work(&self) {
        self.line.wake();
    }

    /// Waits until a claim is wanted that no batch has brought yet. Cancel safe.
    async fn wanted(&self) {
        while !self.wanted.load(Ordering::Acquire) {
            self.asked.notified().await;
        }
    }

    /// The turn of a batch of `writes`, and its claim if there is to be one.
    async fn turn(&self, writes: &[Write]) -> (Turn<'_>, Option<Claim>) {
        let open = self.open.lock().await;
        let wanted = self.wanted.swap(false, Ordering::AcqRel);
        let ending: Vec<_> = writes.iter().filter_map(ended_by).collect();
        let claim = (*open && (wanted || writes.iter().any(Write::may_bring_work)))
            .then(|| self.room_after(&ending))
            .filter(|room| *room > 0)
            .map(|room| Claim {
                node: self.node.clone(),
                served: self.served.clone(),
                room: u32::try_from(room).unwrap_or(u32::MAX - 1),
                lease_ms: self.lease_ms,
                remote: None,
            });
        let turn = Turn {
            claims: self,
            open,
            ending,
        };
        (turn, claim)
    }
}

impl journal::Turn for Turn<'_> {
    /// The batch is committed: its attempts are over, and what it claimed is granted. `claimed`
    /// answers the claim, if there was one.
    ///
    /// To be called before anyone learns of the commit, so that whoever is told of an attempt can
    /// tell it to stop.
    fn committed(self, claimed: Option<Outcome>) {
        for (task, attempt) in &self.ending {
            self.claims.runs.remove(*task, *attempt);
        }
        let (tasks, next_due, more) = match claimed {
            Some(Outcome::Claimed {
                tasks,
                next_due,
                more,
            }) => (tasks, next_due, more),
            Some(_) => return self.ask_again_later(),
            None => return,
        };
        let tasks = tasks
            .into_iter()
            .map(|task| {
                let added = self.claims.runs.add(task.id, task.attempt);
                (task, added)
            })
            .collect();
        self.grant(tasks, next_due);
        if more && self.claims.room_after(&[]) > 0 {
            self.claims.want();
        }
    }

    /// The batch was not committed, nor the claim in it.
    fn failed(self) {
        if *self.open {
            self.ask_again_later();
        }
    }
}

impl Turn<'_> {
    fn ask_again_later(&self) {
        let later = Timestamp::now().plus_millis(STORE_RETRY_MS);
        self.grant(Vec::new(), Some(later));
    }

    fn grant(&self, tasks: Vec<(Claimed, Added)>, again_at: Option<Timestamp>) {
        // Refused only when the engine is gone; the next start takes such tasks up again.
        let _ = self.claims.granted.send(Granted { tasks, again_at });
    }
}

/// The attempt that a write ends.
fn ended_by(write: &Write) -> Option<(TaskId, u32)> {
    match write.plain() {
        Write::Finish { task, attempt, .. } => Some((*task, *attempt)),
        _ => None,
    }
}
