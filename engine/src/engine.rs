//! The handle: what can be asked of an engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use glassworks_protocol::{
    Event, FieldError, KindInfo, NewSchedule, NewTask, PageRequest, Queue, QueueSettings, Schedule,
    Stats, Task, TaskFilter, TaskId, TaskPage, TaskSummary, Timestamp,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::dispatcher::Dispatcher;
use crate::error::Error;
use crate::handler::Handler;
use crate::housekeeping::{self, Housekeeping};
use crate::hub::{Changes, Follow, Hub};
use crate::journal::{Journal, log_store_error};
use crate::options::{Database, Options, StartError};
use crate::panic;
use crate::registry::Registry;
use crate::runs::Runs;
use crate::schedule::{Rule, Scheduler};
use crate::store::decision::Head;
use crate::store::sqlite::SqliteStore;
use crate::store::{Accepted, NewRow, Outcome, Refusal, Store, StoreError, Write};
use crate::submission;
use crate::tally::Tally;

/// The most tasks on one page of a list.
const MOST_PER_PAGE: u32 = 100;
/// Tasks on a page when none is asked for.
const PER_PAGE: u32 = 50;
/// The most events on one page.
const MOST_EVENTS: u32 = 1_000;
/// How long ended attempts may take to write that they were released.
const RELEASE_GRACE: Duration = Duration::from_secs(5);
/// A store that does not answer within this is not ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// A running engine. Cheap to clone; all clones are one engine.
///
/// [`shutdown`](Engine::shutdown) ends it in good order. When the last handle is dropped instead,
/// it stops claiming, and what still runs is not waited for.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    journal: Journal,
    hub: Arc<Hub>,
    registry: Arc<Registry>,
    runs: Arc<Runs>,
    tally: Arc<Tally>,
    options: Options,
    started_at: Timestamp,
    started: Instant,
    closing: CancellationToken,
    release: CancellationToken,
    /// Tells the scheduler to look again.
    schedules_changed: Arc<Notify>,
    stop_housekeeping: CancellationToken,
    dispatching: TaskTracker,
    attempts: TaskTracker,
    housekeeping: TaskTracker,
    /// Stop the loops when the last handle is gone.
    _stop_on_drop: [DropGuard; 2],
}

/// Prepares an engine: its handlers and options.
#[derive(Default)]
pub struct Builder {
    registry: Registry,
    options: Options,
}

impl Builder {
    /// Registers the code behind a kind; it takes the place of an earlier one of the same kind.
    #[must_use]
    pub fn handler<H: Handler>(mut self, handler: H) -> Self {
        self.registry.add(handler);
        self
    }

    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Opens the store, takes back what was running when it was last used, and starts claiming.
    ///
    /// Must be called within a Tokio runtime. It installs a panic hook, once per process, that
    /// notes where handlers panic and hands every other panic to the hook before it.
    pub async fn start(self, database: Database) -> Result<Engine, StartError> {
        let Database::Sqlite(path) = &database;
        let limits = self.options.limits;
        let (file, opened) = (path.clone(), database.clone());
        let store = tokio::task::spawn_blocking(move || SqliteStore::open(&file, limits))
            .await
            .map_err(|_| StartError::Recover(opened))?
            .map_err(|cause| StartError::Open {
                database: database.clone(),
                cause,
            })?;
        panic::install_hook();
        let hub = Arc::new(Hub::new());
        let tally = Arc::new(Tally::default());
        let work = Arc::new(Notify::new());
        let store: Arc<dyn Store> = Arc::new(store);
        let journal = Journal::start(
            Arc::clone(&store),
            Arc::clone(&hub),
            Arc::clone(&tally),
            Arc::clone(&work),
        );
        match housekeeping::recover(&journal).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "took up tasks that an earlier process left"),
            Err(_) => return Err(StartError::Recover(database)),
        }
        Ok(self.launch(store, journal, hub, tally, work))
    }

    fn launch(
        self,
        store: Arc<dyn Store>,
        journal: Journal,
        hub: Arc<Hub>,
        tally: Arc<Tally>,
        work: Arc<Notify>,
    ) -> Engine {
        let Self { registry, options } = self;
        let registry = Arc::new(registry);
        let runs = Arc::new(Runs::default());
        let closing = CancellationToken::new();
        let release = CancellationToken::new();
        let stop_housekeeping = CancellationToken::new();
        let (dispatching, attempts, keeping) =
            (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
        let dispatcher = Dispatcher {
            journal: journal.clone(),
            registry: Arc::clone(&registry),
            runs: Arc::clone(&runs),
            node: options.node.clone(),
            lease: options.lease,
            cancel_grace: options.cancel_grace,
            result_bytes: options.limits.result_bytes,
            room: Arc::new(Semaphore::new(options.workers.max(1) as usize)),
            work,
            closing: closing.clone(),
            release: release.clone(),
            attempts: attempts.clone(),
        };
        dispatching.spawn(dispatcher.run());
        let house = Housekeeping {
            journal: journal.clone(),
            runs: Arc::clone(&runs),
            node: options.node.clone(),
            lease: options.lease,
            retention: options.retention,
            stop: stop_housekeeping.clone(),
        };
        keeping.spawn(house.run());
        let schedules_changed = Arc::new(Notify::new());
        let scheduler = Scheduler {
            store: Arc::clone(&store),
            journal: journal.clone(),
            registry: Arc::clone(&registry),
            limits: options.limits,
            changed: Arc::clone(&schedules_changed),
            stop: closing.clone(),
        };
        dispatching.spawn(scheduler.run());
        let stop_on_drop = [
            closing.clone().drop_guard(),
            stop_housekeeping.clone().drop_guard(),
        ];
        Engine(Arc::new(Inner {
            store,
            journal,
            hub,
            registry,
            runs,
            tally,
            options,
            started_at: Timestamp::now(),
            started: Instant::now(),
            closing,
            release,
            schedules_changed,
            stop_housekeeping,
            dispatching,
            attempts,
            housekeeping: keeping,
            _stop_on_drop: stop_on_drop,
        }))
    }
}

/// What a submit led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The task, new or found.
    pub task: Task,
    /// Whether an unfinished task with the same unique key stood already; then it is that one.
    pub existing: bool,
}

impl Engine {
    /// Prepares an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The name of this node.
    pub fn node(&self) -> &str {
        &self.0.options.node
    }

    /// The kinds that can be submitted, by name.
    pub fn kinds(&self) -> &[KindInfo] {
        self.0.registry.kinds()
    }

    /// Accepts a task. When this returns, the task is on the disk.
    ///
    /// Not cancel safe: when the future is dropped the task may or may not have been accepted.
    pub async fn submit(&self, new: NewTask) -> Result<Submitted, Error> {
        let limits = &self.0.options.limits;
        let now = Timestamp::now();
        let row = submission::check(&new, &self.0.registry, limits, now)?;
        let outcome = self
            .0
            .journal
            .commit(Write::Submit(vec![row.clone()]))
            .await?;
        let Outcome::Submitted(submitted) = outcome else {
            return Err(unexpected(&outcome));
        };
        match submitted.map_err(refused)?.pop() {
            Some(Accepted::New(head)) => Ok(Submitted {
                task: task_of(new, row, &head),
                existing: false,
            }),
            Some(Accepted::Existing(id)) => Ok(Submitted {
                task: self.task(id).await?,
                existing: true,
            }),
            None => Err(Error::Store),
        }
    }

    /// The task as it stands. Cancel safe, as are all that only read.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        let found = self.0.store.task(id).await;
        answer("task", found)?.ok_or(Error::NotFound(id))
    }

    /// One page of the tasks that match, newest first.
    pub async fn tasks(
        &self,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<TaskPage<Task>, Error> {
        let (before, limit) = place(page)?;
        // One more than asked for, to know whether another page follows.
        let found = self.0.store.tasks(filter.clone(), before, limit + 1).await;
        Ok(paged(answer("tasks", found)?, limit, |task| task.id))
    }

    /// As [`tasks`](Engine::tasks), without payloads and results.
    pub async fn summaries(
        &self,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<TaskPage<TaskSummary>, Error> {
        let (before, limit) = place(page)?;
        let found = self
            .0
            .store
            .summaries(filter.clone(), before, limit + 1)
            .await;
        Ok(paged(answer("summaries", found)?, limit, |task| task.id))
    }

    /// Of `ids`, at most a few hundred, the tasks that exist and match, newest first.
    pub async fn summaries_of(
        &self,
        ids: &[TaskId],
        filter: &TaskFilter,
    ) -> Result<Vec<TaskSummary>, Error> {
        let found = self
            .0
            .store
            .summaries_of(ids.to_vec(), filter.clone())
            .await;
        answer("summaries_of", found)
    }

    /// Cancels a waiting task at once; asks a running one to stop, which it has done when its
    /// state says so. `Conflict` when it is over already.
    pub async fn cancel(&self, id: TaskId) -> Result<Task, Error> {
        if let Some(attempt) = self.change(Write::Cancel(id)).await? {
            self.0.runs.stop(id, attempt);
        }
        self.task(id).await
    }

    /// Makes a task due now, with all its attempts before it again. `Conflict` when it is
    /// queued, running or completed, or its unique key is taken by another.
    pub async fn retry(&self, id: TaskId) -> Result<Task, Error> {
        self.change(Write::Retry(id)).await?;
        self.task(id).await
    }

    /// Forgets a finished task and its log. `Conflict` when it is not finished.
    pub async fn delete(&self, id: TaskId) -> Result<(), Error> {
        self.change(Write::Delete(id)).await?;
        Ok(())
    }

    /// Every queue that has tasks or settings, by name.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        answer("queues", self.0.store.queues().await)
    }

    /// Sets how a queue may be used, whether it has tasks yet or not. When this returns, it is
    /// on the disk; attempts that run already go on.
    pub async fn set_queue(&self, name: &str, settings: QueueSettings) -> Result<(), Error> {
        submission::check_queue(name, &settings)?;
        let write = Write::SaveQueue {
            name: name.to_owned(),
            settings,
        };
        match self.0.journal.commit(write).await? {
            Outcome::QueueSaved => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Every schedule, oldest first.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        answer("schedules", self.0.store.schedules().await)
    }

    /// Makes a schedule. When this returns, it is on the disk.
    pub async fn create_schedule(&self, new: NewSchedule) -> Result<Schedule, Error> {
        let now = Timestamp::now();
        let rule = submission::check_schedule(&new, &self.0.registry, &self.0.options.limits, now)?;
        self.save_schedule(Schedule {
            id: Uuid::now_v7(),
            cron: new.cron,
            time_zone: new.time_zone,
            task: new.task,
            missed: new.missed,
            paused: new.paused,
            created_at: now,
            last_fired_at: None,
            next_fire_at: rule.next(now).filter(|_| !new.paused),
            error: None,
        })
        .await
    }

    /// Pauses a schedule or sets it going again; what it missed meanwhile is not caught up.
    pub async fn pause_schedule(&self, id: Uuid, paused: bool) -> Result<Schedule, Error> {
        let found = self.schedules().await?.into_iter().find(|s| s.id == id);
        let mut schedule = found.ok_or(Error::NoSchedule(id))?;
        let rule = Rule::read(&schedule.cron, &schedule.time_zone).map_err(Error::Invalid)?;
        schedule.paused = paused;
        schedule.next_fire_at = rule.next(Timestamp::now()).filter(|_| !paused);
        self.save_schedule(schedule).await
    }

    /// Forgets a schedule. The tasks that it submitted stay.
    pub async fn delete_schedule(&self, id: Uuid) -> Result<(), Error> {
        match self.0.journal.commit(Write::DeleteSchedule(id)).await? {
            Outcome::ScheduleDeleted(true) => Ok(()),
            Outcome::ScheduleDeleted(false) => Err(Error::NoSchedule(id)),
            other => Err(unexpected(&other)),
        }
    }

    async fn save_schedule(&self, schedule: Schedule) -> Result<Schedule, Error> {
        let write = Write::SaveSchedule(Box::new(schedule.clone()));
        match self.0.journal.commit(write).await? {
            Outcome::ScheduleSaved => {
                self.0.schedules_changed.notify_one();
                Ok(schedule)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Stored events of a task after `after`, at most `limit` (1 to 1,000), in order.
    pub async fn events(
        &self,
        id: TaskId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Arc<Event>>, Error> {
        within(limit, MOST_EVENTS)?;
        let found = self.0.store.events(id, after, limit).await;
        let page = answer("events", found)?.ok_or(Error::NotFound(id))?;
        Ok(page.events.into_iter().map(Arc::new).collect())
    }

    /// Follows a task's log after `after`: what is stored, then what comes, until it is over.
    pub async fn follow(&self, id: TaskId, after: u64) -> Result<Follow, Error> {
        let store = Arc::clone(&self.0.store);
        self.0.hub.follow(store, id, after).await
    }

    /// What changes from now on, for lists.
    pub fn changes(&self) -> Changes {
        self.0.hub.changes()
    }

    /// The figures of this node and its store.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let inner = &self.0;
        let tasks = answer("counts", inner.store.counts().await)?;
        Ok(Stats {
            node: inner.options.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: inner.started_at,
            uptime_ms: u64::try_from(inner.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            tasks,
            since_start: inner.tally.read(),
            workers: inner.options.workers,
            busy_workers: u32::try_from(inner.runs.len()).unwrap_or(u32::MAX),
        })
    }

    /// Attempts that this node has ended since it started, by the state they led to. Never
    /// touches the store.
    pub fn since_start(&self) -> glassworks_protocol::StateCounts {
        self.0.tally.read()
    }

    /// Whether it takes up tasks: not once shutdown has begun, nor while the store does not
    /// answer.
    pub async fn ready(&self) -> bool {
        if self.0.closing.is_cancelled() {
            return false;
        }
        let counts = tokio::time::timeout(READY_WITHIN, self.0.store.counts()).await;
        matches!(counts, Ok(Ok(_)))
    }

    /// Ends the engine in good order: no more claims; running attempts get the grace period, and
    /// what is left then goes back to the queue without its counting; then every stream ends.
    ///
    /// Takes at most the grace period and a few seconds. Submits are accepted while attempts end:
    /// they are on the disk, and taken up at the next start. After it, only reads are answered,
    /// and the store is closed when the last handle and stream are dropped. Calling it again
    /// waits for the same end.
    pub async fn shutdown(&self) {
        let inner = &self.0;
        inner.closing.cancel();
        inner.dispatching.close();
        // The last claim must have started its attempts before they can be waited for.
        inner.dispatching.wait().await;
        inner.attempts.close();
        let grace = inner.options.shutdown_grace;
        if tokio::time::timeout(grace, inner.attempts.wait())
            .await
            .is_err()
        {
            let count = inner.runs.len();
            tracing::info!(
                count,
                "the grace period is over: attempts go back to the queue"
            );
            inner.release.cancel();
            if tokio::time::timeout(RELEASE_GRACE, inner.attempts.wait())
                .await
                .is_err()
            {
                let count = inner.runs.len();
                tracing::error!(
                    count,
                    "attempts could not be put back; the next start does it"
                );
            }
        }
        inner.stop_housekeeping.cancel();
        inner.housekeeping.close();
        inner.housekeeping.wait().await;
        inner.journal.close().await;
        inner.hub.close();
    }

    async fn change(&self, write: Write) -> Result<Option<u32>, Error> {
        match self.0.journal.commit(write).await? {
            Outcome::Changed(changed) => changed.map_err(refused),
            other => Err(unexpected(&other)),
        }
    }
}

fn answer<T>(what: &'static str, found: Result<T, StoreError>) -> Result<T, Error> {
    found.map_err(|error| log_store_error(what, &error))
}

fn unexpected(outcome: &Outcome) -> Error {
    tracing::error!(?outcome, "the store answered another write");
    Error::Store
}

/// A refusal, as the caller is told.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands as a map_err function"
)]
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NotFound(id) => Error::NotFound(id),
        Refusal::Fenced => Error::Conflict("the task is not running that attempt".to_owned()),
        Refusal::State(state) => Error::Conflict(format!("the task is {state}")),
        Refusal::KeyTaken(id) => {
            Error::Conflict(format!("the unfinished task {id} has the same unique key"))
        }
        Refusal::BacklogFull(limit) => Error::BacklogFull { limit },
        Refusal::TooManyQueues(limit) => Error::Invalid(vec![FieldError::new(
            "/queue",
            format!("{limit} queues are in use, which is the limit"),
        )]),
    }
}

/// Where a page begins and how long it is.
fn place(page: &PageRequest) -> Result<(Option<TaskId>, u32), Error> {
    let limit = page.limit.unwrap_or(PER_PAGE);
    within(limit, MOST_PER_PAGE)?;
    let before = page
        .cursor
        .as_deref()
        .map(|cursor| {
            cursor.parse().map_err(|_| {
                Error::Invalid(vec![FieldError::new(
                    "cursor",
                    "must be the next_cursor of a page",
                )])
            })
        })
        .transpose()?;
    Ok((before, limit))
}

fn within(limit: u32, most: u32) -> Result<(), Error> {
    if (1..=most).contains(&limit) {
        return Ok(());
    }
    let detail = format!("must be 1 to {most}");
    Err(Error::Invalid(vec![FieldError::new("limit", detail)]))
}

/// Cuts a list that was read with one more than `limit`.
fn paged<T>(mut tasks: Vec<T>, limit: u32, id: impl Fn(&T) -> TaskId) -> TaskPage<T> {
    let more = tasks.len() > limit as usize;
    tasks.truncate(limit as usize);
    let next_cursor = tasks
        .last()
        .filter(|_| more)
        .map(|last| id(last).to_string());
    TaskPage { tasks, next_cursor }
}

/// The task that a submit has just stored.
fn task_of(new: NewTask, row: NewRow, head: &Head) -> Task {
    Task {
        id: row.id,
        kind: row.kind,
        queue: row.queue,
        state: head.state,
        payload: new.payload,
        priority: row.priority,
        tags: row.tags,
        attempt: head.attempt,
        max_attempts: row.max_attempts,
        timeout_ms: row.timeout_ms,
        run_at: head.run_at,
        created_at: head.created_at,
        started_at: None,
        finished_at: None,
        progress: None,
        result: None,
        error: None,
        errors: Vec::new(),
        cancel_requested: false,
        unique_key: row.unique_key,
        schedule_id: row.schedule_id,
        node: None,
        last_seq: head.last_seq,
    }
}
