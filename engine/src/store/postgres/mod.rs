//! The PostgreSQL store: what several nodes share.
//!
//! Each batch is one transaction of a few set-based statements, sent without waiting for each
//! answer: the heads of its tasks are locked in the order of their ids, decided in memory, and saved
//! together. The database's clock is the clock. What a batch has done is told to the other nodes by
//! at most one `NOTIFY` in its own transaction.

mod access;
mod address;
mod audit;
mod batch;
mod changes;
mod claiming;
mod connect;
mod fault;
mod folding;
mod forgetting;
mod listener;
mod listing;
mod meeting;
mod news;
mod queues;
mod read;
mod readers;
mod remote;
mod requests;
mod rows;
mod schedules;
mod schema;
mod search;
mod sql;
mod statements;
mod subject;
mod text;
mod tls;
mod whole;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, try_join};
use glassworks_protocol::{
    AuditEntry, AuditFilter, NodeInfo, Queue, Schedule, StateCounts, StoreFigures, Task,
    TaskFilter, TaskId, TaskSummary, Timestamp,
};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use self::connect::{Connected, Endpoint};
use self::folding::Folding;
use self::listener::Listener;
use self::meeting::Meeting;
use self::readers::{Lane, Readers};
use self::statements::{NoStatements, WriterStatements};
use self::writer::{Shared, Writer};
use super::access::Access;
use super::text::Sought;
use super::whole::HALF_IMPORTED;
use super::{
    Clock, Committed, EventPage, Listing, News, OfferedKind, Place, Store, StoreError, Write,
};
use crate::limits::Limits;

pub use address::Address;
pub(crate) use whole::PostgresWhole;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The server is not there, or does not answer.
    #[error("the server is not reached: {0}")]
    Unreachable(String),
    /// The server knows the user by another password, or not at all.
    #[error("the server does not let this user in: {0}")]
    Refused(String),
    /// The server has no such database.
    #[error("the server has no database of that name")]
    NoDatabase,
    /// The server is older than what is needed.
    #[error("the server is PostgreSQL {version}; at least {least} is needed")]
    TooOld {
        /// What it is.
        version: String,
        /// What is needed.
        least: &'static str,
    },
    /// A standby, or set so.
    #[error("it is read-only: the server is a standby, or the database is set so")]
    ReadOnly,
    /// Texts are kept in an encoding that does not have every character.
    #[error("its encoding is {0}; it has to be UTF8")]
    Encoding(String),
    /// Written by a later version.
    #[error("it was written by a later version of Glassworks")]
    TooNew,
    /// Its schema is somebody else's.
    #[error("its schema `glassworks` was not made by Glassworks")]
    Foreign,
    /// An import has not been finished.
    #[error("{}", HALF_IMPORTED)]
    HalfImported,
    /// Nothing has been kept in it yet.
    #[error("there is no schema `glassworks` in it: nothing has been kept there yet")]
    Empty,
    /// Something stands between, which gives a connection to others between two transactions.
    #[error(
        "a connection pooler in transaction mode stands before it, with which prepared statements \
         and LISTEN do not work: connect to the server itself, or to a pooler in session mode"
    )]
    Pooled,
    /// TLS cannot be set up.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
    /// The server refused.
    #[error("the server says: {0}")]
    Server(String),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let said = StoreError::from(error);
        match code {
            None => Self::Unreachable(said.cause),
            Some(code)
                if code == SqlState::INVALID_PASSWORD
                    || code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Self::Refused(said.cause)
            }
            Some(code) if code == SqlState::INVALID_CATALOG_NAME => Self::NoDatabase,
            Some(code) if code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            Some(_) => Self::Server(said.cause),
        }
    }
}

/// What tells the moment of each commit.
enum Time {
    /// The database.
    Database,
    /// A test's own clock.
    Given(Mutex<Clock>),
}

impl Time {
    /// The moment of a commit, which the database says is `stored`.
    fn now(&self, stored: Timestamp) -> Timestamp {
        match self {
            Self::Database => stored,
            Self::Given(clock) => clock.lock()(),
        }
    }

    /// How far this process's clock is ahead of `now`, in milliseconds.
    fn ahead_of(&self, now: Timestamp) -> i64 {
        match self {
            Self::Database => Timestamp::now().millis_since(now),
            Self::Given(_) => 0,
        }
    }
}

/// Tasks in a PostgreSQL database.
pub struct PostgresStore {
    endpoint: Endpoint,
    readers: Readers,
    writer: Writer,
    shared: Shared,
    time: Arc<Time>,
    meeting: Meeting,
    _folding: Folding,
}

impl PostgresStore {
    /// Opens the database and brings it to the present schema.
    ///
    /// Must be called within a Tokio runtime, which then carries its connections.
    pub async fn open(address: Address, limits: Limits) -> Result<Self, OpenError> {
        Self::open_at(address, limits, Time::Database).await
    }

    /// As [`open`](Self::open), with the moment of each commit told by `clock`.
    pub async fn open_with_clock(
        address: Address,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        Self::open_at(address, limits, Time::Given(Mutex::new(clock))).await
    }

    async fn open_at(address: Address, limits: Limits, time: Time) -> Result<Self, OpenError> {
        let endpoint = Endpoint::new(address).await?;
        let mut first: Connected<NoStatements> = endpoint.connect("", None).await?;
        let process = schema::check(&first.client).await?;
        schema::migrate(&mut first).await?;
        if whole::is_half_imported(&first.client).await? {
            return Err(OpenError::HalfImported);
        }
        let second: Connected<NoStatements> = endpoint.connect("", None).await?;
        // Two connections at a time have two processes of the server, unless what they are
        // connected to lends one process to both.
        if schema::check(&second.client).await? == process {
            return Err(OpenError::Pooled);
        }
        drop(second);
        let writing: Connected<WriterStatements> =
            endpoint.connect(sql::SESSION_OF_WRITER, None).await?;
        drop(first);
        let shared = Shared {
            id: Uuid::new_v4(),
            unsure: Arc::new(Notify::new()),
            changed: Arc::new(AtomicBool::new(true)),
        };
        let time = Arc::new(time);
        Ok(Self {
            readers: Readers::new(endpoint.clone()),
            writer: Writer::new(
                writing,
                endpoint.clone(),
                limits,
                Arc::clone(&time),
                &shared,
            ),
            time,
            meeting: Meeting::new(endpoint.clone()),
            _folding: Folding::start(endpoint.clone(), Arc::clone(&shared.changed)),
            endpoint,
            shared,
        })
    }
}

impl Store for PostgresStore {
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>> {
        async move { self.writer.commit(&batch).await }.boxed()
    }

    fn fault(&self) -> Option<StoreError> {
        self.endpoint.fault.get()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn listen(&self) -> BoxStream<'static, News> {
        let listener = Listener {
            endpoint: self.endpoint.clone(),
            own: self.shared.id,
            unsure: Arc::clone(&self.shared.unsure),
        };
        listener.listen()
    }

    fn meet(&self, node: NodeInfo) -> BoxFuture<'_, Result<Vec<NodeInfo>, StoreError>> {
        async move { self.meeting.meet(&node).await }.boxed()
    }

    fn task(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Task>, StoreError>> {
        self.readers
            .read(Lane::Single, move |reader, _| {
                read::task(reader, id).boxed()
            })
            .boxed()
    }

    fn summaries(
        &self,
        filter: TaskFilter,
        place: Place,
        limit: u32,
    ) -> BoxFuture<'_, Result<Listing, StoreError>> {
        let Some(sought) = filter.q.as_deref().and_then(Sought::new) else {
            return self
                .readers
                .read(Lane::Lists, move |reader, _| {
                    async move { read::summaries(reader, &filter, place, limit).await }.boxed()
                })
                .boxed();
        };
        self.readers
            .read(Lane::Searches, move |reader, by| {
                async move { search::summaries(reader, &sought, &filter, place, limit, by).await }
                    .boxed()
            })
            .boxed()
    }

    fn tasks_of(
        &self,
        ids: Vec<TaskId>,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Vec<Task>, StoreError>> {
        self.readers
            .read(Lane::Lists, move |reader, _| {
                async move { read::tasks_of(reader, &ids, max_bytes).await }.boxed()
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
            .read(lane, move |reader, _| {
                async move { search::summaries_of(reader, ids, &filter, sought.as_ref()).await }
                    .boxed()
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
            .read(Lane::Single, move |reader, _| {
                read::events(reader, id, after, limit, max_bytes).boxed()
            })
            .boxed()
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<Queue>, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| {
                let (client, its) = (&reader.client, &reader.statements);
                async move {
                    let (settings, counts) = try_join!(
                        client.query(&its.queues, &[]),
                        client.query(&its.counts, &[])
                    )?;
                    queues::list(&settings, &counts)
                }
                .boxed()
            })
            .boxed()
    }

    fn schedules(&self) -> BoxFuture<'_, Result<Vec<Schedule>, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| {
                let (client, its) = (&reader.client, &reader.statements);
                async move {
                    let found = client.query(&its.schedules, &[]).await?;
                    found.iter().map(schedules::schedule).collect()
                }
                .boxed()
            })
            .boxed()
    }

    fn schedule_tasks(
        &self,
        schedule: Uuid,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TaskId>, StoreError>> {
        self.readers
            .read(Lane::Single, move |reader, _| {
                schedules::tasks(reader, schedule, limit).boxed()
            })
            .boxed()
    }

    fn access(&self) -> BoxFuture<'_, Result<Access, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| access::all(reader).boxed())
            .boxed()
    }

    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, StoreError>> {
        self.readers
            .read(Lane::Lists, move |reader, _| {
                async move { audit::entries(reader, &filter, before, limit).await }.boxed()
            })
            .boxed()
    }

    fn counts_of(
        &self,
        filter: TaskFilter,
        most: u32,
    ) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.readers
            .read(Lane::Lists, move |reader, _| {
                async move { listing::counts(reader, &filter, most).await }.boxed()
            })
            .boxed()
    }

    fn counts(&self) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| read::counts(reader).boxed())
            .boxed()
    }

    fn oldest_waiting(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| {
                read::oldest_waiting(reader).boxed()
            })
            .boxed()
    }

    fn kinds(&self) -> BoxFuture<'_, Result<Vec<OfferedKind>, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| remote::kinds(reader).boxed())
            .boxed()
    }

    fn queued_by_kind(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>> {
        self.readers
            .read(Lane::Single, |reader, _| {
                remote::queued_by_kind(reader).boxed()
            })
            .boxed()
    }

    fn next_remote_end(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        async {
            let (next, now) = self
                .readers
                .read(Lane::Single, |reader, _| remote::next_end(reader).boxed())
                .await?;
            // Whoever asks compares it with the clock of this process.
            Ok(next.map(|at| at.plus_millis(self.time.ahead_of(now))))
        }
        .boxed()
    }

    fn figures(&self) -> BoxFuture<'_, Result<StoreFigures, StoreError>> {
        async {
            let found = self
                .readers
                .read(Lane::Single, |reader, _| read::figures(reader).boxed())
                .await?;
            Ok(StoreFigures {
                reads: self.readers.asked(),
                ..found
            })
        }
        .boxed()
    }
}
