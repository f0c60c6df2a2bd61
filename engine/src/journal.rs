//! The one door: every change of a task goes through here.
//!
//! The journal gathers the writes that are waiting and hands them to the store as one batch, and
//! one batch is one transaction: that is group commit. While a batch is being committed the next
//! one gathers, so the busier the server, the more writes share one sync of the disk. After the
//! commit the batch's events are handed to the hub, in order, and then every writer gets its
//! answer. A batch that brings work or makes room also [claims](crate::attempts::claims).

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{Error, log_store_error};
use crate::hub::Hub;
use crate::store::{Claim, Outcome, Store, StoreError, StoreFailure, Write};
use crate::tally::Tally;

/// Writes that may wait; past it, writers wait for room.
const WAITING: usize = 4_096;
/// Writes in one batch at most, so that the first of it does not wait long for the last.
const BATCH: usize = 1_024;

/// How often a batch lets others write before it is committed, at most.
const GATHERINGS: usize = 4;

/// What may add a claim to each batch.
pub(crate) trait Rider: Send + Sync + 'static {
    /// One batch's turn.
    type Turn<'r>: Turn
    where
        Self: 'r;

    /// Lets the next batch claim, and makes one if nothing else does.
    fn want(&self);

    /// A batch was committed that may have brought work, for this node or for others.
    fn brought_work(&self);

    /// Waits until a claim is wanted that no batch has brought yet. Cancel safe.
    fn wanted(&self) -> impl Future<Output = ()> + Send;

    /// The turn of a batch of `writes`, and its claim if there is to be one.
    fn turn(
        &self,
        writes: &[Write],
    ) -> impl Future<Output = (Self::Turn<'_>, Option<Claim>)> + Send;
}

/// A batch that may claim. No other does before this is dropped.
pub(crate) trait Turn: Send {
    /// The batch is committed. `claimed` answers the claim, if there was one. Called before anyone
    /// learns of the commit.
    fn committed(self, claimed: Option<Outcome>);

    /// The batch was not committed, nor the claim in it.
    fn failed(self);
}

/// A handle to the journal. Cheap to clone; the journal ends when it is closed, or when the last
/// handle is gone.
#[derive(Clone)]
pub(crate) struct Journal {
    entries: mpsc::Sender<Entry>,
    closing: CancellationToken,
    committing: TaskTracker,
    counters: Arc<Counters>,
}

/// What the journal has committed since the engine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalCounts {
    /// Batches, each of them one transaction.
    pub batches: u64,
    /// Those of them that waited for the disk.
    pub durable_batches: u64,
    /// Writes in all batches.
    pub writes: u64,
}

/// How the latest commit that proves anything ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latest {
    pub(crate) at: Instant,
    /// In what way it failed, if it did.
    pub(crate) result: Result<(), StoreFailure>,
}

#[derive(Default)]
struct Counters {
    batches: AtomicU64,
    durable_batches: AtomicU64,
    writes: AtomicU64,
    latest: Mutex<Option<Latest>>,
}

impl Counters {
    fn count(&self, durable: bool, writes: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.durable_batches
            .fetch_add(u64::from(durable), Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    fn ended(&self, result: Result<(), StoreFailure>) {
        let at = Instant::now();
        *self.latest.lock() = Some(Latest { at, result });
    }
}

struct Entry {
    write: Write,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

impl Journal {
    /// Starts the journal over `store`, with `claims` riding in its batches.
    pub(crate) fn start(
        store: Arc<dyn Store>,
        hub: Arc<Hub>,
        tally: Arc<Tally>,
        claims: Arc<impl Rider>,
    ) -> Self {
        let (entries, waiting) = mpsc::channel(WAITING);
        let closing = CancellationToken::new();
        let committing = TaskTracker::new();
        let ending = closing.clone();
        let counters = Arc::<Counters>::default();
        let counted = Arc::clone(&counters);
        committing.spawn(async move {
            let committer = Committer {
                store,
                hub,
                tally,
                claims,
                counters: counted,
            };
            committer.run(waiting, ending).await;
        });
        committing.close();
        Self {
            entries,
            closing,
            committing,
            counters,
        }
    }

    /// What has been committed so far.
    pub(crate) fn counts(&self) -> JournalCounts {
        JournalCounts {
            batches: self.counters.batches.load(Ordering::Relaxed),
            durable_batches: self.counters.durable_batches.load(Ordering::Relaxed),
            writes: self.counters.writes.load(Ordering::Relaxed),
        }
    }

    /// How the latest commit ended: one that failed, or that has waited for the disk.
    pub(crate) fn latest(&self) -> Option<Latest> {
        *self.counters.latest.lock()
    }

    /// Takes no more writes, and returns when those that were waiting are committed and the
    /// journal has let go of the store. Cancel safe.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.committing.wait().await;
    }

    /// Commits one write, and returns when it is committed.
    ///
    /// Not cancel safe: when the future is dropped the write may or may not be committed.
    pub(crate) async fn commit(&self, write: Write) -> Result<Outcome, Error> {
        let (reply, answer) = oneshot::channel();
        let entry = Entry { write, reply };
        if self.entries.send(entry).await.is_err() {
            return Err(Error::ShuttingDown);
        }
        match answer.await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(error)) => Err(Error::from(&error)),
            Err(_) => Err(Error::ShuttingDown),
        }
    }
}

/// The journal's own end: what it commits to, and whom it tells.
struct Committer<R> {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    tally: Arc<Tally>,
    claims: Arc<R>,
    counters: Arc<Counters>,
}

impl<R: Rider> Committer<R> {
    async fn run(&self, mut waiting: mpsc::Receiver<Entry>, closing: CancellationToken) {
        let mut entries = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                // After this, receiving gives what is left and then nothing.
                () = closing.cancelled(), if !waiting.is_closed() => waiting.close(),
                received = waiting.recv_many(&mut entries, BATCH) => {
                    if received == 0 {
                        return;
                    }
                    gather(&mut waiting, &mut entries).await;
                    self.commit(entries.drain(..)).await;
                }
                () = self.claims.wanted() => self.commit(iter::empty()).await,
            }
        }
    }

    async fn commit(&self, entries: impl Iterator<Item = Entry>) {
        let (mut writes, replies): (Vec<_>, Vec<_>) =
            entries.map(|entry| (entry.write, entry.reply)).unzip();
        let may_bring_work = writes.iter().any(Write::may_bring_work);
        let (turn, claim) = self.claims.turn(&writes).await;
        let claims = claim.is_some();
        writes.extend(claim.map(Write::Claim));
        if writes.is_empty() {
            return;
        }
        let durable = writes.iter().any(Write::must_be_durable);
        match self.store.commit(writes).await {
            Ok(mut committed) => {
                self.counters.count(durable, committed.outcomes.len());
                if durable {
                    self.counters.ended(Ok(()));
                }
                let claimed = claims.then(|| committed.outcomes.pop()).flatten();
                turn.committed(claimed);
                self.tally.count(&committed.events);
                self.tally.queues.count(committed.moves);
                self.hub.publish(committed.events, &committed.deleted);
                for (reply, outcome) in replies.into_iter().zip(committed.outcomes) {
                    let outcome = match outcome {
                        Outcome::NoRoom => Err(no_room()),
                        outcome => Ok(outcome),
                    };
                    // A writer that went away needs no answer.
                    let _ = reply.send(outcome);
                }
                if committed.wake && !claims {
                    self.claims.want();
                }
                if committed.wake || may_bring_work {
                    self.claims.brought_work();
                }
            }
            Err(error) => {
                log_store_error("commit", &error);
                self.counters.ended(Err(error.failure));
                turn.failed();
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}

fn no_room() -> StoreError {
    StoreError::new(StoreFailure::Full, "the disk is full")
}

/// Lets those who are about to write do so, for as long as it brings anything: each commit costs a
/// sync of the disk and some, however few writes share it. Nobody waits for time here, only for
/// futures that could run already.
async fn gather(waiting: &mut mpsc::Receiver<Entry>, entries: &mut Vec<Entry>) {
    for _ in 0..GATHERINGS {
        let before = entries.len();
        tokio::task::yield_now().await;
        while entries.len() < BATCH
            && let Ok(entry) = waiting.try_recv()
        {
            entries.push(entry);
        }
        if entries.len() == before {
            return;
        }
    }
}
