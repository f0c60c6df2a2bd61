//! Where tasks are kept: the contract that every store fulfils.
//!
//! A store commits a batch of writes as one transaction and answers questions. What a write does
//! to a task is decided once for all stores, in [`decision`]; a store only loads what the
//! decision needs and saves what it says.

pub mod allowance;
pub mod decision;
pub mod sqlite;
mod write;

use futures::future::BoxFuture;
use glassworks_protocol::{
    Event, Queue, Schedule, State, StateCounts, StoreFigures, Task, TaskFilter, TaskId,
    TaskSummary, Timestamp,
};

pub use write::{
    Accepted, Claim, Claimed, Committed, End, Firing, NewRow, Outcome, Refusal, RenewedLease,
    RequestKey, Write,
};

/// Tells a store the time when it commits: [`Timestamp::now`], or a test's own clock.
pub type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// The store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct StoreError {
    /// In what way.
    pub failure: StoreFailure,
    /// Its cause, for the log alone.
    pub cause: String,
}

/// In what way a store failed: what a caller can do about it depends on no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// As it never should: a fault of this program.
    Failed,
    /// Another program holds the database.
    Busy,
    /// There is no room for more.
    Full,
    /// The disk or the file is at fault: it cannot be read or written, or a page is damaged.
    Faulty,
    /// The database is not the one that was opened any more. Only a restart helps.
    Gone,
    /// It did not answer in time.
    TimedOut,
}

impl StoreError {
    /// A failure with its cause, for the log.
    pub fn new(failure: StoreFailure, cause: impl Into<String>) -> Self {
        Self {
            failure,
            cause: cause.into(),
        }
    }
}

/// One page of stored events, and where the task stood when it was read.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// In order, without a gap.
    pub events: Vec<Event>,
    /// The state of the task.
    pub state: State,
    /// The `seq` of the task's latest event.
    pub last_seq: u64,
}

/// Where tasks are kept.
pub trait Store: Send + Sync + 'static {
    /// Commits `batch` as one transaction, in order: all of it or, on an error, nothing.
    ///
    /// It returns after the commit, and after the disk has it when a write of the batch
    /// [must be durable](Write::must_be_durable). Once polled it is to be polled to its end: when
    /// it is dropped before, the batch may or may not have been committed.
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// The task, or `None`.
    fn task(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Task>, StoreError>>;

    /// At most `limit` tasks that match, newest first, older than `before` where it is given.
    fn tasks(
        &self,
        filter: TaskFilter,
        before: Option<TaskId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Task>, StoreError>>;

    /// As [`tasks`](Store::tasks), in short.
    fn summaries(
        &self,
        filter: TaskFilter,
        before: Option<TaskId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TaskSummary>, StoreError>>;

    /// Of `ids`, the tasks that exist and match, in no order.
    fn summaries_of(
        &self,
        ids: Vec<TaskId>,
        filter: TaskFilter,
    ) -> BoxFuture<'_, Result<Vec<TaskSummary>, StoreError>>;

    /// At most `limit` events of the task after `after`, or `None` when there is no such task.
    ///
    /// The page ends early where its events' bodies would be more than `max_bytes` as stored; the
    /// first event is always on it, unless `limit` is 0.
    fn events(
        &self,
        id: TaskId,
        after: u64,
        limit: u32,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>>;

    /// Every queue that has tasks or settings, by name.
    fn queues(&self) -> BoxFuture<'_, Result<Vec<Queue>, StoreError>>;

    /// Every schedule, oldest first.
    fn schedules(&self) -> BoxFuture<'_, Result<Vec<Schedule>, StoreError>>;

    /// How many tasks are in each state.
    fn counts(&self) -> BoxFuture<'_, Result<StateCounts, StoreError>>;

    /// When the queued task that has waited longest was due. What it costs does not grow with the
    /// number of tasks.
    fn oldest_waiting(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// What sort of store it is, and how large.
    fn figures(&self) -> BoxFuture<'_, Result<StoreFigures, StoreError>>;
}
