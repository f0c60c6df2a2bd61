//! A store to ask directly: builders for what is written, and answers taken apart.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use glassworks_engine::store::{
    Accepted, Claim, Claimed, Clock, Committed, Due, End, Lost, NewRow, Outcome, Place, Refusal,
    RenewedLease, Served, Store, Write,
};
use glassworks_protocol::{
    Event, EventBody, QueueSettings, State, StateCounts, Task, TaskFilter, TaskId, Timestamp,
};
use uuid::Uuid;

/// How long the leases of these tests last, in milliseconds.
pub(crate) const LEASE_MS: u64 = 30_000;
/// The node that claims, unless a test says otherwise.
pub(crate) const NODE: &str = "node-1";

/// A clock that only a test moves. Clones show the same time.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000_000)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// The moment `millis` from now.
    pub(crate) fn ahead(&self, millis: i64) -> Timestamp {
        self.now().plus_millis(millis)
    }

    pub(crate) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn for_store(&self) -> Clock {
        let clock = self.clone();
        Box::new(move || clock.now())
    }
}

/// A task that is due at once, with every option plain.
pub(crate) fn row() -> NewRow {
    NewRow {
        id: TaskId(Uuid::now_v7()),
        kind: "kind".to_owned(),
        queue: "default".to_owned(),
        payload: "{}".to_owned(),
        priority: 5,
        tags: Vec::new(),
        max_attempts: 3,
        timeout_ms: 60_000,
        due: Due::AtOnce,
        retry: None,
        unique_key: None,
        schedule_id: None,
        traceparent: None,
        submitted_by: None,
    }
}

/// A task that is due at `moment`.
pub(crate) fn row_at(moment: Timestamp) -> NewRow {
    NewRow {
        due: Due::At(moment),
        ..row()
    }
}

/// A task with a unique key.
pub(crate) fn row_with_key(key: &str) -> NewRow {
    NewRow {
        unique_key: Some(key.to_owned()),
        ..row()
    }
}

pub(crate) fn output(text: &str) -> EventBody {
    EventBody::output(text)
}

pub(crate) fn progress(fraction: f64) -> EventBody {
    EventBody::Progress {
        fraction,
        message: None,
    }
}

/// A failure that is to be tried again after so many milliseconds, or for good.
pub(crate) fn failed(retry_in_ms: Option<u64>) -> End {
    End::Failed {
        message: "it failed".to_owned(),
        ran_ms: 7,
        retry_in_ms,
    }
}

/// An attempt that could not be made, to be made again after so many milliseconds.
pub(crate) fn postponed(wait_ms: u64) -> End {
    End::Postponed {
        message: "it was not there".to_owned(),
        ran_ms: 7,
        wait_ms,
    }
}

/// Every end that an attempt can have, named.
pub(crate) fn every_end(retry_in_ms: u64) -> [(&'static str, End); 6] {
    [
        ("completed", End::Completed(Some("1".to_owned()))),
        ("failed for good", failed(None)),
        ("failed for now", failed(Some(retry_in_ms))),
        ("postponed", postponed(retry_in_ms)),
        ("stopped", End::Stopped),
        ("released", End::Released),
    ]
}

/// What a claim gave.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) tasks: Vec<Claimed>,
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) more: bool,
}

impl Taken {
    pub(crate) fn ids(&self) -> Vec<TaskId> {
        self.tasks.iter().map(|task| task.id).collect()
    }
}

/// Commits one write.
pub(crate) async fn commit(store: &dyn Store, write: Write) -> Committed {
    let committed = store.commit(vec![write]).await.unwrap();
    assert_eq!(committed.outcomes.len(), 1, "one outcome for one write");
    committed
}

async fn outcome(store: &dyn Store, write: Write) -> Outcome {
    commit(store, write).await.outcomes.pop().unwrap()
}

pub(crate) async fn submit_all(
    store: &dyn Store,
    rows: Vec<NewRow>,
) -> Result<Vec<Accepted>, Refusal> {
    match outcome(store, Write::Submit(rows)).await {
        Outcome::Submitted(submitted) => submitted,
        other => panic!("a submit was answered with {other:?}"),
    }
}

/// Submits one task, which must be accepted as new.
pub(crate) async fn submit(store: &dyn Store, row: NewRow) -> TaskId {
    let id = row.id;
    let accepted = submit_all(store, vec![row]).await.unwrap();
    assert!(
        matches!(&accepted[..], [Accepted::New(head)] if head.id == id),
        "{accepted:?}"
    );
    id
}

/// The kinds of the tasks of these tests, in all queues.
pub(crate) fn served() -> Served {
    Served {
        kinds: ["kind".to_owned(), "some-kind".to_owned()].into(),
        queues: None,
    }
}

pub(crate) fn claim_for(node: &str, room: u32) -> Write {
    Write::Claim(Claim {
        node: node.to_owned(),
        served: served(),
        room,
        lease_ms: LEASE_MS,
        remote: None,
    })
}

pub(crate) fn taken(outcome: Outcome) -> Taken {
    match outcome {
        Outcome::Claimed {
            tasks,
            next_due,
            more,
        } => Taken {
            tasks,
            next_due,
            more,
        },
        other => panic!("a claim was answered with {other:?}"),
    }
}

pub(crate) async fn claim(store: &dyn Store, room: u32) -> Taken {
    taken(outcome(store, claim_for(NODE, room)).await)
}

/// Submits a task and claims it, when nothing else is waiting.
pub(crate) async fn running(store: &dyn Store, row: NewRow) -> TaskId {
    let id = submit(store, row).await;
    assert_eq!(claim(store, 1).await.ids(), [id]);
    id
}

pub(crate) async fn record(
    store: &dyn Store,
    task: TaskId,
    attempt: u32,
    entries: Vec<EventBody>,
) -> Result<(), Refusal> {
    let write = Write::Record {
        task,
        attempt,
        entries,
    };
    match outcome(store, write).await {
        Outcome::Recorded(recorded) => recorded,
        other => panic!("a record was answered with {other:?}"),
    }
}

pub(crate) fn finish_write(task: TaskId, attempt: u32, end: End) -> Write {
    Write::Finish {
        task,
        attempt,
        entries: Vec::new(),
        end,
    }
}

pub(crate) async fn finish(
    store: &dyn Store,
    task: TaskId,
    attempt: u32,
    end: End,
) -> Result<State, Refusal> {
    match outcome(store, finish_write(task, attempt, end)).await {
        Outcome::Finished(finished) => finished,
        other => panic!("a finish was answered with {other:?}"),
    }
}

/// Commits a `Cancel`, `Retry` or `Delete`.
pub(crate) async fn ask(store: &dyn Store, write: Write) -> Result<Option<u32>, Refusal> {
    match outcome(store, write).await {
        Outcome::Changed(changed) => changed,
        other => panic!("a request was answered with {other:?}"),
    }
}

pub(crate) async fn set_queue(store: &dyn Store, name: &str, settings: QueueSettings) {
    let name = name.to_owned();
    let committed = commit(store, Write::SaveQueue { name, settings }).await;
    assert!(matches!(committed.outcomes[..], [Outcome::QueueSaved]));
    assert!(committed.wake, "what waits may start now");
}

pub(crate) async fn renew(
    store: &dyn Store,
    attempts: &[(TaskId, u32)],
    lease_ms: u64,
) -> Vec<RenewedLease> {
    let write = Write::Renew {
        attempts: attempts.to_vec(),
        lease_ms,
    };
    match outcome(store, write).await {
        Outcome::Renewed(leases) => leases,
        other => panic!("a renewal was answered with {other:?}"),
    }
}

/// Attempts whose lease has expired, asked for by a node that makes none.
pub(crate) fn expired() -> Lost {
    Lost::Expired {
        lease_ms: LEASE_MS,
        held: Vec::new(),
    }
}

pub(crate) async fn rescue(store: &dyn Store, lost: Lost, limit: u32) -> u32 {
    let write = Write::Rescue { lost, limit };
    match outcome(store, write).await {
        Outcome::Rescued(count) => count,
        other => panic!("a rescue was answered with {other:?}"),
    }
}

pub(crate) async fn task(store: &dyn Store, id: TaskId) -> Task {
    store.task(id).await.unwrap().unwrap()
}

pub(crate) async fn state(store: &dyn Store, id: TaskId) -> State {
    task(store, id).await.state
}

/// A task's whole log, or `None` when there is no such task. It ends where the task says it does,
/// and a number that is missing is one that a `truncated` event stands for.
pub(crate) async fn log(store: &dyn Store, id: TaskId) -> Option<Vec<Event>> {
    let page = store.events(id, 0, u32::MAX, u64::MAX).await.unwrap()?;
    let stands_for = |event: &Event, number: u64| match event.body {
        EventBody::Truncated { first_seq, .. } => (first_seq..event.seq).contains(&number),
        _ => false,
    };
    let mut next = 1;
    for event in &page.events {
        assert!(event.seq >= next, "a repetition");
        for missing in next..event.seq {
            let known = page.events.iter().any(|mark| stands_for(mark, missing));
            assert!(known, "nothing stands for {missing}");
        }
        next = event.seq + 1;
        assert_eq!(event.task_id, id);
    }
    assert_eq!(page.last_seq, next - 1);
    Some(page.events)
}

/// The bodies of a task's log.
pub(crate) async fn bodies(store: &dyn Store, id: TaskId) -> Vec<EventBody> {
    let log = log(store, id).await.unwrap();
    log.into_iter().map(|event| event.body).collect()
}

/// A page of a list, of tasks as each reads by itself.
pub(crate) async fn list(
    store: &dyn Store,
    filter: TaskFilter,
    place: Place,
    limit: u32,
) -> Vec<Task> {
    let found = store.summaries(filter, place, limit).await.unwrap();
    let ids: Vec<TaskId> = found.tasks.iter().map(|task| task.id).collect();
    let tasks = store.tasks_of(ids.clone(), u64::MAX).await.unwrap();
    let listed: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    assert_eq!(listed, ids);
    tasks
}

/// Every task, newest first.
pub(crate) async fn everything(store: &dyn Store) -> Vec<Task> {
    list(store, TaskFilter::default(), Place::Newest, u32::MAX).await
}

/// Everything that can be read of every task.
pub(crate) async fn picture(store: &dyn Store) -> Vec<(Task, Vec<Event>)> {
    let mut picture = Vec::new();
    for task in everything(store).await {
        let log = log(store, task.id).await.unwrap();
        assert_eq!(task.last_seq, log.last().unwrap().seq);
        picture.push((task, log));
    }
    assert_eq!(store.counts().await.unwrap(), recount(&picture));
    picture
}

fn recount(picture: &[(Task, Vec<Event>)]) -> StateCounts {
    let mut counts = StateCounts::default();
    for (task, _) in picture {
        *counts.get_mut(task.state) += 1;
    }
    counts
}
