//! The SQLite store: one writing connection on a thread of its own, and a few for reading.
//!
//! WAL mode lets readers go on while the writer commits, and there is one writer, so nobody ever
//! meets "database is locked".

mod access;
mod backup;
mod claiming;
mod counts;
mod fault;
mod forgetting;
mod fresh;
mod identity;
mod ledger;
mod listing;
mod lock;
mod queues;
mod read;
mod readers;
mod remote;
mod requests;
mod room;
mod rows;
mod schedules;
mod schema;
mod search;
mod soundness;
mod sql;
mod statements;
mod wal;
mod whole;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use glassworks_protocol::{
    AuditEntry, AuditFilter, Queue, Schedule, StateCounts, StoreFigures, Task, TaskFilter, TaskId,
    TaskSummary, Timestamp,
};
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

pub use self::backup::{BackupError, Inspection, back_up, check};
use self::fault::Fault;
use self::identity::Identity;
use self::lock::ProcessLock;
use self::readers::{Lane, Readers, Watch};
use self::room::{IsFull, Room};
use self::soundness::Soundness;
use self::writer::Writer;
use super::access::Access;
use super::text::Sought;
use super::whole::HALF_IMPORTED;
use super::{
    Clock, Committed, EventPage, Listing, OfferedKind, Place, Store, StoreError, StoreFailure,
    Write,
};
use crate::limits::Limits;

pub(crate) use whole::SqliteWhole;

/// Earlier versions can corrupt a WAL database when a checkpoint and a reset race
/// (<https://sqlite.org/wal.html#walresetbug>).
const LEAST_VERSION: i32 = 3_051_003;

/// Pages of the WAL after which a commit also moves them into the database: 16 MiB. Larger than
/// SQLite's own 4 MiB, since each move costs two syncs; small enough to keep reads quick.
const CHECKPOINT_PAGES: u32 = 4_096;

/// The page cache of the writing connection, in KiB. It grows only as it is used.
const WRITER_CACHE_KIB: i32 = 64 * 1024;

/// Why a database file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("another Glassworks process is using it")]
    Locked,
    /// The file belongs to another program.
    #[error("it is not a Glassworks database")]
    Foreign,
    /// Written by a later version.
    #[error("it was written by a later version of Glassworks")]
    TooNew,
    /// The log beside it would destroy it.
    #[error(
        "the log {} belongs to another state of it and would destroy it; move the log away to use \
         the database without what the log holds", .0.display()
    )]
    ForeignLog(PathBuf),
    /// An import has not been finished.
    #[error("{}", HALF_IMPORTED)]
    HalfImported,
    /// The file or its folder cannot be opened.
    #[error("{0}")]
    Unreachable(String),
    /// The SQLite that this program was linked with has a known bug.
    #[error("SQLite {0} can corrupt a database; at least 3.51.3 is needed")]
    OldSqlite(String),
    /// SQLite refused.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Tasks in a SQLite file.
pub struct SqliteStore {
    /// Ended first, since it reads.
    _soundness: Soundness,
    /// Closed before the writer: the last connection to close moves the WAL into the database,
    /// and one that only reads cannot.
    readers: Readers,
    writer: Writer,
    fault: Fault,
    disk: IsFull,
    /// Given back when the store is dropped.
    _lock: Arc<ProcessLock>,
}

impl SqliteStore {
    /// Opens the file, making it when it is not there, and brings it to the present schema.
    ///
    /// Blocks while it reads the file: a few milliseconds, longer after a crash with a large WAL.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        Self::open_with_clock(path, limits, Box::new(Timestamp::now))
    }

    /// Answers a question that waits for no list.
    fn single<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let query = |connection: &Connection, _: &Watch| query(connection);
        self.readers.read(Lane::Single, query).boxed()
    }

    /// As [`open`](Self::open), with the moment of each commit told by `clock`.
    pub fn open_with_clock(path: &Path, limits: Limits, clock: Clock) -> Result<Self, OpenError> {
        let Opened {
            lock,
            connection,
            room,
        } = connect(path)?;
        let path = lock.path.as_path();
        if whole::is_half_imported(&connection)? {
            return Err(OpenError::HalfImported);
        }
        let identity = Identity::of(&lock)
            .map_err(|error| OpenError::Unreachable(format!("{}: {error}", path.display())))?;
        let fault = Fault::default();
        let disk = room.told();
        let kept = writer::Kept {
            identity,
            room,
            log: wal::Log::of(path),
            fault: fault.clone(),
        };
        let writer = Writer::start(connection, kept, limits, clock)?;
        Ok(Self {
            _soundness: Soundness::check(path, fault.clone()),
            readers: Readers::open(path, &fault)?,
            writer,
            fault,
            disk,
            _lock: lock,
        })
    }
}

/// A file that is this process's alone, with the one connection that writes.
struct Opened {
    connection: Connection,
    room: Room,
    lock: Arc<ProcessLock>,
}

/// Opens the file, making it when it is not there, and brings it to the present schema.
fn connect(path: &Path) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < LEAST_VERSION {
        return Err(OpenError::OldSqlite(rusqlite::version().to_owned()));
    }
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        let what = "tasks are kept in a file, and this names none".to_owned();
        return Err(OpenError::Unreachable(what));
    }
    let lock = Arc::new(ProcessLock::take(path)?);
    identity::check_log(&lock)?;
    let path = lock.path.as_path();
    // Without SQLITE_OPEN_URI: a name that looks like one is a file's name all the same.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| reachable(error, path))?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(|error| reachable(error, path))?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", wal::KEPT_BYTES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(wal::BUSY)?;
    let mut room = Room::beside(path);
    let prepared = prepare(&mut connection).or_else(|error| match failure(&error) {
        // Whoever makes room does it by deleting tasks, among other things.
        Some(StoreFailure::Full) => {
            room.give_up();
            prepare(&mut connection)
        }
        _ => Err(error),
    });
    prepared.map_err(|error| usable(error, path))?;
    if !room.is_full() {
        room.keep();
    }
    Ok(Opened {
        connection,
        room,
        lock,
    })
}

/// Brings the file to the present schema, and sees that it takes a change.
fn prepare(connection: &mut Connection) -> Result<(), OpenError> {
    schema::migrate(connection)?;
    Ok(prove_commits(connection)?)
}

/// In what way SQLite failed, if it did.
fn failure(error: &OpenError) -> Option<StoreFailure> {
    match error {
        OpenError::Sqlite(error) => Some(failure_of(error)),
        _ => None,
    }
}

/// Commits without changing anything, waits for the disk, and moves the log into the database:
/// a file that cannot be written is refused at the start and not at the first submit.
///
/// The log that begins then has the database's first page in it, which says where it continues
/// (see [`identity::check_log`]).
fn prove_commits(connection: &Connection) -> rusqlite::Result<()> {
    let version =
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    connection.pragma_update(None, "user_version", version)?;
    connection.query_row(sql::CHECKPOINT, [], |_| Ok(()))?;
    connection.pragma_update(None, "user_version", version)
}

/// Says what can be done about a database that was opened and cannot be used.
fn usable(error: OpenError, path: &Path) -> OpenError {
    let Some(failure) = failure(&error) else {
        return error;
    };
    let file = path.display();
    let what = match failure {
        StoreFailure::Busy => format!("another program holds a lock on {file}"),
        StoreFailure::Full => format!("there is no room on the disk of {file}"),
        StoreFailure::Faulty => format!("{file} cannot be read or written"),
        StoreFailure::Damaged => format!("{file} is damaged"),
        _ => format!("{file} does not take a change"),
    };
    OpenError::Unreachable(what)
}

/// Tells a file that cannot be opened, or is no database, from other failures.
fn reachable(error: rusqlite::Error, path: &Path) -> OpenError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign,
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => {
            OpenError::Unreachable(format!("{} cannot be opened for writing", path.display()))
        }
        _ => OpenError::Sqlite(error),
    }
}

/// In what way SQLite failed.
fn failure_of(error: &rusqlite::Error) -> StoreFailure {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreFailure::Busy,
        Some(ErrorCode::DiskFull) => StoreFailure::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreFailure::Damaged,
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreFailure::Faulty,
        Some(ErrorCode::OperationInterrupted) => StoreFailure::TimedOut,
        _ => StoreFailure::Failed,
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(failure_of(&error), error.to_string())
    }
}

impl Store for SqliteStore {
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.writer.commit(batch).boxed()
    }

    fn fault(&self) -> Option<StoreError> {
        let full = || StoreError::new(StoreFailure::Full, "the disk is full");
        self.fault.get().or_else(|| self.disk.get().then(full))
    }

    fn task(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Task>, StoreError>> {
        self.readers
            .read(Lane::Single, move |connection, _| {
                read::task(connection, id)
            })
            .boxed()
    }

    fn summaries(
        &self,
        filter: TaskFilter,
        place: Place,
        limit: u32,
    ) -> BoxFuture<'_, Result<Listing, StoreError>> {
        let sought = filter.q.as_deref().and_then(Sought::new);
        if let Some(sought) = sought {
            return self
                .readers
                .read(Lane::Searches, move |connection, watch| {
                    search::summaries(connection, &sought, &filter, place, limit, watch)
                })
                .boxed();
        }
        self.readers
            .read(Lane::Lists, move |connection, _| {
                read::summaries(connection, &filter, place, limit)
            })
            .boxed()
    }

    fn tasks_of(
        &self,
        ids: Vec<TaskId>,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Vec<Task>, StoreError>> {
        self.readers
            .read(Lane::Lists, move |connection, _| {
                read::tasks_of(connection, &ids, max_bytes)
            })
            .boxed()
    }

    fn summaries_of(
        &self,
        ids: Vec<TaskId>,
        filter: TaskFilter,
    ) -> BoxFuture<'_, Result<Vec<TaskSummary>, StoreError>> {
        let sought = filter.q.as_deref().and_then(Sought::new);
        let lane = if sought.is_some() {
            Lane::Searches
        } else {
            Lane::Lists
        };
        self.readers
            .read(lane, move |connection, _| {
                search::summaries_of(connection, &ids, &filter, sought.as_ref())
            })
            .boxed()
    }

    fn events(
        &self,
        id: TaskId,
        after: u64,
        limit: u32,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>> {
        self.readers
            .read(Lane::Single, move |connection, _| {
                read::events(connection, id, after, limit, max_bytes)
            })
            .boxed()
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<Queue>, StoreError>> {
        self.single(queues::list)
    }

    fn schedules(&self) -> BoxFuture<'_, Result<Vec<Schedule>, StoreError>> {
        self.single(schedules::list)
    }

    fn schedule_tasks(
        &self,
        schedule: Uuid,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TaskId>, StoreError>> {
        self.single(move |connection| schedules::tasks(connection, schedule, limit))
    }

    fn access(&self) -> BoxFuture<'_, Result<Access, StoreError>> {
        self.single(access::all)
    }

    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, StoreError>> {
        self.readers
            .read(Lane::Lists, move |connection, _| {
                access::audit(connection, &filter, before, limit)
            })
            .boxed()
    }

    fn counts_of(
        &self,
        filter: TaskFilter,
        most: u32,
    ) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.readers
            .read(Lane::Lists, move |connection, _| {
                listing::counts(connection, &filter, most)
            })
            .boxed()
    }

    fn counts(&self) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.single(read::counts)
    }

    fn oldest_waiting(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.single(read::oldest_waiting)
    }

    fn kinds(&self) -> BoxFuture<'_, Result<Vec<OfferedKind>, StoreError>> {
        self.single(remote::kinds)
    }

    fn queued_by_kind(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>> {
        self.single(remote::queued_by_kind)
    }

    fn next_remote_end(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.single(remote::next_end)
    }

    fn figures(&self) -> BoxFuture<'_, Result<StoreFigures, StoreError>> {
        let reads = self.readers.asked();
        self.single(move |connection| {
            Ok(StoreFigures {
                kind: "sqlite",
                sync: "full",
                size_bytes: read::size(connection),
                log_bytes: read::log_size(connection),
                reads,
            })
        })
    }
}
