//! What attempts do while the store fails: they are ended when they must be, and never made twice.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use glassworks_engine::store::access::Access;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{
    Committed, EventPage, Listing, OfferedKind, Place, Store, StoreError, StoreFailure, Write,
};
use glassworks_engine::{Engine, Error, Handler, Limits, Options, Run, TaskError};
use glassworks_protocol::{
    AuditEntry, AuditFilter, JsonText, NewTask, Queue, Schedule, State, StateCounts, StoreFigures,
    Task, TaskFilter, TaskId, TaskSummary, Timestamp,
};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use support::waits::{eventually, within};
use support::{over, quick, submit};

/// Says which batches are not committed.
type Fault = fn(&[Write]) -> bool;

/// A store whose commits fail when a test says so.
struct Failing {
    inner: SqliteStore,
    fault: Mutex<Option<Fault>>,
    /// How often it has failed.
    failed: watch::Sender<u32>,
}

impl Failing {
    fn open(folder: &tempfile::TempDir) -> Arc<Self> {
        let file = folder.path().join("tasks.db");
        Arc::new(Self {
            inner: SqliteStore::open(&file, Limits::default()).unwrap(),
            fault: Mutex::default(),
            failed: watch::Sender::new(0),
        })
    }

    fn fail(&self, fault: Fault) {
        *self.fault.lock() = Some(fault);
    }

    fn mend(&self) {
        *self.fault.lock() = None;
    }

    async fn has_failed(&self, times: u32) {
        let mut failed = self.failed.subscribe();
        let seen = failed.wait_for(|failed| *failed >= times);
        within(format_args!("{times} failures"), seen)
            .await
            .unwrap();
    }
}

impl Store for Failing {
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>> {
        if self.fault.lock().is_some_and(|fault| fault(&batch)) {
            self.failed.send_modify(|failed| *failed += 1);
            return async { Err(StoreError::new(StoreFailure::Full, "told to fail")) }.boxed();
        }
        self.inner.commit(batch)
    }

    fn fault(&self) -> Option<StoreError> {
        self.inner.fault()
    }

    fn task(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Task>, StoreError>> {
        self.inner.task(id)
    }

    fn summaries(
        &self,
        filter: TaskFilter,
        place: Place,
        limit: u32,
    ) -> BoxFuture<'_, Result<Listing, StoreError>> {
        self.inner.summaries(filter, place, limit)
    }

    fn tasks_of(
        &self,
        ids: Vec<TaskId>,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Vec<Task>, StoreError>> {
        self.inner.tasks_of(ids, max_bytes)
    }

    fn summaries_of(
        &self,
        ids: Vec<TaskId>,
        filter: TaskFilter,
    ) -> BoxFuture<'_, Result<Vec<TaskSummary>, StoreError>> {
        self.inner.summaries_of(ids, filter)
    }

    fn events(
        &self,
        id: TaskId,
        after: u64,
        limit: u32,
        max_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>> {
        self.inner.events(id, after, limit, max_bytes)
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<Queue>, StoreError>> {
        self.inner.queues()
    }

    fn schedules(&self) -> BoxFuture<'_, Result<Vec<Schedule>, StoreError>> {
        self.inner.schedules()
    }

    fn schedule_tasks(
        &self,
        schedule: Uuid,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TaskId>, StoreError>> {
        self.inner.schedule_tasks(schedule, limit)
    }

    fn access(&self) -> BoxFuture<'_, Result<Access, StoreError>> {
        self.inner.access()
    }

    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, StoreError>> {
        self.inner.audit(filter, before, limit)
    }

    fn counts_of(
        &self,
        filter: TaskFilter,
        most: u32,
    ) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.inner.counts_of(filter, most)
    }

    fn counts(&self) -> BoxFuture<'_, Result<StateCounts, StoreError>> {
        self.inner.counts()
    }

    fn oldest_waiting(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.inner.oldest_waiting()
    }

    fn kinds(&self) -> BoxFuture<'_, Result<Vec<OfferedKind>, StoreError>> {
        self.inner.kinds()
    }

    fn queued_by_kind(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>> {
        self.inner.queued_by_kind()
    }

    fn next_remote_end(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.inner.next_remote_end()
    }

    fn figures(&self) -> BoxFuture<'_, Result<StoreFigures, StoreError>> {
        self.inner.figures()
    }
}

/// Prints without end, or for a while, and counts how many of it are at work.
#[derive(Clone, Default)]
struct Talker {
    now: watch::Sender<u32>,
    most: Arc<AtomicU32>,
}

/// What a talker is to do.
#[derive(Deserialize, ToSchema)]
struct Speech {
    /// End by itself after so many milliseconds.
    millis: Option<u64>,
}

/// Is at work for as long as it lives.
struct AtWork<'t>(&'t Talker);

impl<'t> AtWork<'t> {
    fn new(talker: &'t Talker) -> Self {
        talker.now.send_modify(|now| *now += 1);
        talker
            .most
            .fetch_max(*talker.now.borrow(), Ordering::SeqCst);
        Self(talker)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.now.send_modify(|now| *now -= 1);
    }
}

impl Handler for Talker {
    const KIND: &'static str = "talker";
    const DESCRIPTION: &'static str = "Prints without end, or for a while.";
    type Payload = Speech;

    fn example() -> Value {
        json!({})
    }

    async fn run(&self, speech: Speech, run: &Run) -> Result<JsonText, TaskError> {
        let _at_work = AtWork::new(self);
        if let Some(millis) = speech.millis {
            run.sleep(Duration::from_millis(millis)).await?;
            return Ok(Value::Null.into());
        }
        loop {
            run.print("x".repeat(10_000)).await;
            tokio::task::yield_now().await;
        }
    }
}

impl Talker {
    async fn are_at_work(&self, wanted: u32) {
        let mut now = self.now.subscribe();
        let seen = now.wait_for(|now| *now == wanted);
        within(format_args!("{wanted} at work"), seen)
            .await
            .unwrap();
    }
}

async fn start(store: &Arc<Failing>, talker: &Talker, options: Options) -> Engine {
    Engine::builder()
        .handler(talker.clone())
        .options(options)
        .start_on(Arc::<Failing>::clone(store))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_holds_while_nothing_can_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, talker) = (Failing::open(&folder), Talker::default());
    let engine = start(&store, &talker, quick()).await;
    let new = NewTask {
        timeout_ms: Some(1_000),
        max_attempts: Some(1),
        ..NewTask::new("talker", json!({}))
    };
    let id = submit(&engine, new).await;
    talker.are_at_work(1).await;
    store.fail(|_| true);
    store.has_failed(1).await;
    talker.are_at_work(0).await;
    store.mend();
    let task = over(&engine, id).await;
    assert_eq!(task.state, State::Failed);
    assert_eq!(task.error.unwrap().message, "timed out after 1000 ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_stops_an_attempt_while_nothing_can_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, talker) = (Failing::open(&folder), Talker::default());
    let engine = start(&store, &talker, quick()).await;
    let id = submit(&engine, NewTask::new("talker", json!({}))).await;
    talker.are_at_work(1).await;
    store.fail(|_| true);
    store.has_failed(1).await;
    let refused = engine.cancel(id).await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
    talker.are_at_work(0).await;
    store.mend();
    assert_eq!(over(&engine, id).await.state, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_attempts_while_nothing_can_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, talker) = (Failing::open(&folder), Talker::default());
    let engine = start(&store, &talker, quick()).await;
    submit(&engine, NewTask::new("talker", json!({}))).await;
    talker.are_at_work(1).await;
    store.fail(|_| true);
    store.has_failed(1).await;
    within("the shutdown", engine.shutdown()).await;
    talker.are_at_work(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_renewals_fail_does_not_take_back_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (store, talker) = (Failing::open(&folder), Talker::default());
    let options = Options {
        lease: Duration::from_millis(300),
        ..quick()
    };
    let engine = start(&store, &talker, options).await;
    store.fail(|batch| {
        batch
            .iter()
            .any(|write| matches!(write, Write::Renew { .. }))
    });
    let id = submit(&engine, NewTask::new("talker", json!({"millis": 1_500}))).await;
    // By then its lease expired long ago.
    store.has_failed(10).await;
    let task = over(&engine, id).await;
    assert_eq!((task.state, task.attempt), (State::Completed, 1));
    assert_eq!(task.errors, []);
    assert_eq!(talker.most.load(Ordering::SeqCst), 1, "two at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_ready_while_its_commits_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = Failing::open(&folder);
    let engine = start(&store, &Talker::default(), quick()).await;
    engine.ready().await.unwrap();
    // Whoever was told so by nobody but the node itself must be told otherwise by it too.
    store.fail(|_| true);
    let error = eventually("a node that is not ready", async || {
        engine.ready().await.err()
    })
    .await;
    assert_eq!(error, Error::Unavailable(StoreFailure::Full));
    store.mend();
    is_ready(&engine).await;
    // A refused submit tells at once.
    store.fail(|batch| batch.iter().any(|write| matches!(write, Write::Submit(_))));
    engine
        .submit(NewTask::new("talker", json!({})))
        .await
        .unwrap_err();
    engine.ready().await.unwrap_err();
    store.mend();
    is_ready(&engine).await;
}

async fn is_ready(engine: &Engine) {
    eventually("a node that is ready", async || engine.ready().await.ok()).await;
}
