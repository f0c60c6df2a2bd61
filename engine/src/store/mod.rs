//! Where tasks are kept: the contract that every store fulfils.
//!
//! A store commits a batch of writes as one transaction and answers questions. What a write does
//! to a task is decided once for all stores, in [`decision`]; a store only loads what the
//! decision needs and saves what it says.

pub mod access;
pub mod admission;
pub mod allowance;
pub mod audit;
mod bounds;
pub(crate) mod codes;
mod counts;
pub mod decision;
mod log;
pub mod postgres;
pub mod remote;
mod short;
pub mod sqlite;
mod text;
pub(crate) mod whole;
mod write;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{self, BoxFuture};
use futures::stream::{self, BoxStream, StreamExt};
use glassworks_protocol::{
    AuditEntry, AuditFilter, Event, NodeInfo, Queue, Schedule, State, StateCounts, StoreFigures,
    Task, TaskFilter, TaskId, TaskSummary, Timestamp,
};
use uuid::Uuid;

use self::access::Access;
use self::postgres::{Address, PostgresStore, PostgresWhole};
use self::sqlite::{SqliteStore, SqliteWhole};
use self::whole::Whole;
use crate::limits::Limits;
use crate::options::Database;

pub use log::{Deletion, Log};
pub use write::{
    Accepted, Claim, Claimed, Committed, Due, End, Firing, Lease, Lost, Moves, NewRow, Offer,
    Outcome, Refusal, RenewedLease, RequestKey, Served, Write,
};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A SQLite file.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// A PostgreSQL database.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

/// Opens the store that `database` names, making it when it is not there.
pub(crate) async fn open(database: &Database, limits: Limits) -> Result<Arc<dyn Store>, OpenError> {
    match database {
        Database::Sqlite(file) => {
            let file = file.clone();
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&file, limits));
            let store = opened.await.map_err(|error| {
                sqlite::OpenError::Unreachable(format!("it could not be opened: {error}"))
            })??;
            Ok(Arc::new(store))
        }
        Database::Postgres(address) => {
            let store = PostgresStore::open(Address::clone(address), limits).await?;
            Ok(Arc::new(store))
        }
    }
}

/// As [`open`], as a whole, while no engine runs on it. A store that is not there is made only to be
/// `filled`.
///
/// It blocks, and must not be called on a thread of a Tokio runtime.
pub(crate) fn open_whole(database: &Database, filled: bool) -> Result<Box<dyn Whole>, OpenError> {
    match database {
        Database::Sqlite(file) => {
            if !filled && !file.exists() {
                let what = format!("there is no file {}", file.display());
                return Err(sqlite::OpenError::Unreachable(what).into());
            }
            Ok(Box::new(SqliteWhole::open(file)?))
        }
        Database::Postgres(address) => Ok(Box::new(PostgresWhole::open(
            Address::clone(address),
            filled,
        )?)),
    }
}

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
    /// The disk or the file is at fault: it cannot be read or written.
    Faulty,
    /// What was stored has been damaged. Only a copy of it helps.
    Damaged,
    /// The database is not the one that was opened any more. Only a restart helps.
    Gone,
    /// The server that keeps it is not reached. It is tried again and again.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// More is asked of it at this moment than it answers.
    Crowded,
    /// The question takes longer than one may. A narrower one helps.
    TooMuch,
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
    /// In order. Where some are missing, a `truncated` event stands in the place of the last.
    pub events: Vec<Event>,
    /// The state of the task.
    pub state: State,
    /// The `seq` of the task's latest event.
    pub last_seq: u64,
}

/// A kind that a worker has offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedKind {
    /// The kind as it was offered last.
    pub offer: Offer,
    /// When that was.
    pub offered_at: Timestamp,
}

/// Where a page of a list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With the newest task; in a search, with the newest that the text names: by the beginning of
    /// its id, its kind or a tag.
    Newest,
    /// With the next older task than this one; in a search, among those that the text names.
    OlderThan(TaskId),
    /// With the next newer task than this one. Not for a search.
    NewerThan(TaskId),
    /// In a search, among the tasks that have the text without being named by it: with the newest,
    /// or the next older one than this.
    Elsewhere(Option<TaskId>),
}

impl Place {
    /// The same with the next older task than `id`.
    #[must_use]
    pub fn after(self, id: TaskId) -> Self {
        match self {
            Self::Newest | Self::OlderThan(_) | Self::NewerThan(_) => Self::OlderThan(id),
            Self::Elsewhere(_) => Self::Elsewhere(Some(id)),
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Newest first.
    pub tasks: Vec<TaskSummary>,
    /// Among which tasks these are, for [`Place::after`].
    pub place: Place,
    /// Where the page after it begins.
    pub next: Option<Place>,
    /// Where the page before it begins. A search has none.
    pub previous: Option<Place>,
    /// A search that stopped before it was through: the last task that it looked at.
    pub searched_until: Option<TaskId>,
}

/// What other nodes did to a store that they share.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of another thing whether to look"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The tasks that changed; `None` when any may have.
    pub tasks: Option<Vec<TaskId>>,
    /// Attempts that were asked to stop.
    pub cancelled: Vec<(TaskId, u32)>,
    /// Whether there may be tasks to claim, now or at another moment than was known.
    pub work: bool,
    /// Whether schedules may have changed.
    pub schedules: bool,
    /// Whether workers may have offered kinds.
    pub kinds: bool,
    /// Whether keys or sessions may have changed.
    pub access: bool,
}

impl News {
    /// Nothing happened.
    pub fn none() -> Self {
        Self {
            tasks: Some(Vec::new()),
            cancelled: Vec::new(),
            work: false,
            schedules: false,
            kinds: false,
            access: false,
        }
    }

    /// Anything may have happened: whoever needs to know has to look.
    pub fn anything() -> Self {
        Self {
            tasks: None,
            work: true,
            schedules: true,
            kinds: true,
            access: true,
            ..Self::none()
        }
    }
}

/// Where tasks are kept.
pub trait Store: Send + Sync + 'static {
    /// Commits `batch` as one transaction, in order: all of it or, on an error, nothing.
    ///
    /// It returns after the commit, and after the disk has it when a write of the batch
    /// [must be durable](Write::must_be_durable). Once polled it is to be polled to its end: when
    /// it is dropped before, the batch may or may not have been committed.
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// What is known to be wrong with it, although a commit may succeed: damage, or a disk that has
    /// room for nothing but ends. Costs nothing.
    fn fault(&self) -> Option<StoreError>;

    /// Whether other nodes may be using it at the same time.
    fn is_shared(&self) -> bool {
        false
    }

    /// What other nodes do from now on, in the order of their commits. Each has been committed when
    /// it is told. It ends at once where there are no others.
    fn listen(&self) -> BoxStream<'static, News> {
        stream::empty().boxed()
    }

    /// Tells those who share the store that `node` is there, and gives all that are, by name. It is
    /// forgotten when it has not said so for 30 s. Nothing that runs depends on it.
    fn meet(&self, node: NodeInfo) -> BoxFuture<'_, Result<Vec<NodeInfo>, StoreError>> {
        future::ready(Ok(vec![node])).boxed()
    }

    /// The task, or `None`.
    fn task(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Task>, StoreError>>;

    /// At most `limit` tasks that match, from `place` on, each in short: long texts are cut.
    ///
    /// What it costs does not grow with the number of finished tasks. A search for a text does, so
    /// it stops after a while and says how far it has come.
    fn summaries(
        &self,
        filter: TaskFilter,
        place: Place,
        limit: u32,
    ) -> BoxFuture<'_, Result<Listing, StoreError>>;

    /// The tasks with these ids, in their order, without those that do not exist. The answer ends
    /// early where payloads, results and errors would be more than `max_bytes`; the first is always
    /// in it.
    fn tasks_of(
        &self,
        ids: Vec<TaskId>,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Vec<Task>, StoreError>>;

    /// Of `ids`, the tasks that exist and match, in no order, each in short.
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

    /// The latest tasks of a schedule, newest first, at most `limit`. What it costs does not grow
    /// with the number of tasks.
    fn schedule_tasks(
        &self,
        schedule: Uuid,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TaskId>, StoreError>>;

    /// Every key and every session.
    fn access(&self) -> BoxFuture<'_, Result<Access, StoreError>>;

    /// At most `limit` entries of the audit log that match, newest first, from the next older one
    /// than `before` on.
    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, StoreError>>;

    /// How many tasks match, its text apart, in each state that it lets pass. Where they have to be
    /// counted, because tags or times are asked for, it ends at `most` of a state; where not, it
    /// costs no more than the names in use.
    fn counts_of(
        &self,
        filter: TaskFilter,
        most: u32,
    ) -> BoxFuture<'_, Result<StateCounts, StoreError>>;

    /// How many tasks are in each state.
    fn counts(&self) -> BoxFuture<'_, Result<StateCounts, StoreError>>;

    /// When the queued task that has waited longest was due. What it costs does not grow with the
    /// number of tasks.
    fn oldest_waiting(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// Every kind that a worker has offered, by name.
    fn kinds(&self) -> BoxFuture<'_, Result<Vec<OfferedKind>, StoreError>>;

    /// How many tasks of each kind are queued, of those that have any. What it costs does not grow
    /// with the number of tasks.
    fn queued_by_kind(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>>;

    /// When the lease of a remote attempt expires next, or its time is over: when a
    /// [`Lost::Remote`] finds something. What it costs does not grow with their number.
    fn next_remote_end(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// What sort of store it is, and how large.
    fn figures(&self) -> BoxFuture<'_, Result<StoreFigures, StoreError>>;
}
