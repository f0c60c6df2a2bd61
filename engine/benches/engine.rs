//! What the engine can do on this machine: `make bench`.
//!
//! Figures, not assertions: machines differ and are noisy, so compare within one run. Each figure
//! is from a fresh database in the temporary folder (`TMPDIR`), which should be on a real disk.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a program that prints its findings and may stop at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{Claim, Due, NewRow, Outcome, Place, Served, Store, Write};
use glassworks_engine::{
    Database, Engine, Handler, JournalCounts, Limits, Options, Run, TaskError,
};
use glassworks_protocol::{JsonText, NewTask, State, TaskFilter, TaskId, Timestamp};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the no-op handler tells the benchmark.
#[derive(Default)]
struct Seen {
    started: AtomicU64,
    expected: AtomicU64,
    all: Notify,
    latest: Mutex<Option<Instant>>,
    ran: Notify,
}

struct Noop(Arc<Seen>);

#[derive(Deserialize, ToSchema)]
struct Nothing {}

impl Handler for Noop {
    const KIND: &'static str = "noop";
    const DESCRIPTION: &'static str = "Does nothing.";
    type Payload = Nothing;

    fn example() -> Value {
        json!({})
    }

    async fn run(&self, _: Nothing, _: &Run) -> Result<JsonText, TaskError> {
        *self.0.latest.lock() = Some(Instant::now());
        self.0.ran.notify_one();
        if self.0.started.fetch_add(1, Ordering::Relaxed) + 1
            == self.0.expected.load(Ordering::Relaxed)
        {
            self.0.all.notify_one();
        }
        Ok(Value::Null.into())
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("| figure | value |\n| --- | --- |");
    row("machine", machine());
    row(
        "store",
        format!(
            "SQLite {}, WAL; synchronous=FULL for batches with a submit or an end, NORMAL for others",
            rusqlite::version()
        ),
    );
    row(
        "one fdatasync of 4 KiB, median",
        format!("{:.0} µs", sync_cost()),
    );
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let asked = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    if asked("submit") {
        for concurrency in [1, 64, 256] {
            let measured = runtime.block_on(submit_rate(concurrency));
            row(
                &format!("durable submit, {concurrency} at a time"),
                measured,
            );
        }
    }
    if asked("done") {
        for workers in [100, 1_000] {
            let measured = runtime.block_on(done_rate(workers));
            row(
                &format!("submit to done, no-op, 3 events each, {workers} workers"),
                measured,
            );
        }
    }
    if asked("pick-up") {
        let (p50, p99) = runtime.block_on(pick_up());
        row("pick-up on an idle node, p50", format!("{p50:?}"));
        row("pick-up on an idle node, p99", format!("{p99:?}"));
    }
    if asked("claim") {
        let (empty, full) = runtime.block_on(claim_cost());
        row(
            "claim and finish of 100, empty store, median",
            format!("{empty:?}"),
        );
        row(
            "the same beside 1,000,000 finished and 1,000,000 scheduled",
            format!("{full:?}"),
        );
    }
    if asked("lists") {
        for (list, times) in runtime.block_on(list_cost()) {
            row(
                &format!("{list}, beside 1,000,000 finished tasks: p50, p99"),
                format!(
                    "{:.2?}, {:.2?}",
                    times[times.len() / 2],
                    times[times.len() * 99 / 100]
                ),
            );
        }
    }
    if asked("memory") {
        let kib = runtime.block_on(backlog_memory());
        row(
            "memory for 100,000 queued tasks",
            format!("{kib} KiB more than before"),
        );
    }
}

fn row(figure: &str, value: impl std::fmt::Display) {
    println!("| {figure} | {value} |");
}

/// The processor and how many of it.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let count = std::thread::available_parallelism().unwrap();
    format!("{count} x {model}, {}", std::env::consts::OS)
}

/// A rate, and how many writes shared a batch to reach it.
struct Measured {
    rate: f64,
    journal: JournalCounts,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let JournalCounts {
            batches,
            durable_batches,
            writes,
        } = self.journal;
        let mean = writes as f64 / batches as f64;
        write!(
            f,
            "{:.0}/s ({mean:.1} writes a batch, {durable_batches} of {batches} batches durable)",
            self.rate
        )
    }
}

/// The disk's own pace, in microseconds: nothing durable can be quicker.
fn sync_cost() -> f64 {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().unwrap();
    let page = [7_u8; 4096];
    let mut times: Vec<_> = (0..200)
        .map(|_| {
            file.write_all(&page).unwrap();
            let start = Instant::now();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

async fn engine(folder: &tempfile::TempDir, workers: u32, seen: &Arc<Seen>) -> Engine {
    Engine::builder()
        .handler(Noop(Arc::clone(seen)))
        .options(Options {
            workers,
            ..Options::default()
        })
        .start(Database::Sqlite(folder.path().join("bench.db")))
        .await
        .unwrap()
}

/// Durable submits a second, of tasks that are not due.
async fn submit_rate(concurrency: usize) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder, 1, &Arc::default()).await;
    let until = Instant::now() + Duration::from_secs(4);
    let start = Instant::now();
    let submitters: Vec<_> = (0..concurrency)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut count = 0_u64;
                while Instant::now() < until {
                    let new = NewTask {
                        delay_ms: Some(3_600_000),
                        ..NewTask::new("noop", json!({}))
                    };
                    engine.submit(new).await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut total = 0;
    for submitter in submitters {
        total += submitter.await.unwrap();
    }
    Measured {
        rate: total as f64 / start.elapsed().as_secs_f64(),
        journal: engine.journal(),
    }
}

/// Tasks a second from submission to their committed end, 256 submitters.
async fn done_rate(workers: u32) -> Measured {
    const TASKS: u64 = 100_000;
    const SUBMITTERS: u64 = 256;
    let folder = tempfile::tempdir().unwrap();
    let seen: Arc<Seen> = Arc::default();
    let engine = engine(&folder, workers, &seen).await;
    seen.expected.store(TASKS, Ordering::Relaxed);
    let start = Instant::now();
    for submitter in 0..SUBMITTERS {
        let engine = engine.clone();
        let share = TASKS / SUBMITTERS + u64::from(submitter < TASKS % SUBMITTERS);
        tokio::spawn(async move {
            for _ in 0..share {
                engine
                    .submit(NewTask::new("noop", json!({})))
                    .await
                    .unwrap();
            }
        });
    }
    seen.all.notified().await;
    // Started is not done: wait for the last commits.
    while engine.since_start().completed < TASKS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Measured {
        rate: TASKS as f64 / start.elapsed().as_secs_f64(),
        journal: engine.journal(),
    }
}

/// From the call of submit to the handler's first line, in process.
async fn pick_up() -> (Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let seen: Arc<Seen> = Arc::default();
    let engine = engine(&folder, 100, &seen).await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let start = Instant::now();
        engine
            .submit(NewTask::new("noop", json!({})))
            .await
            .unwrap();
        seen.ran.notified().await;
        let started = seen.latest.lock().take().unwrap();
        times.push(started - start);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn new_row(due: Due) -> NewRow {
    NewRow {
        id: TaskId(Uuid::now_v7()),
        kind: "noop".to_owned(),
        queue: "default".to_owned(),
        payload: "{}".to_owned(),
        priority: 5,
        tags: Vec::new(),
        max_attempts: 5,
        timeout_ms: 60_000,
        due,
        retry: None,
        unique_key: None,
        schedule_id: None,
        traceparent: None,
        submitted_by: None,
    }
}

async fn submit_rows(store: &SqliteStore, count: usize, due: Due) {
    let rows = (0..count).map(|_| new_row(due)).collect();
    store.commit(vec![Write::Submit(rows)]).await.unwrap();
}

/// Claims and finishes 100 tasks; how long that took.
async fn claim_and_finish(store: &SqliteStore) -> Duration {
    let start = Instant::now();
    let claim = Claim {
        node: "bench".to_owned(),
        served: Served {
            kinds: ["noop".to_owned(), "other".to_owned()].into(),
            queues: None,
        },
        room: 100,
        lease_ms: 30_000,
        remote: None,
    };
    let committed = store.commit(vec![Write::Claim(claim)]).await.unwrap();
    let Some(Outcome::Claimed { tasks, .. }) = committed.outcomes.into_iter().next() else {
        panic!("the claim was not answered");
    };
    assert_eq!(tasks.len(), 100);
    let writes = tasks
        .into_iter()
        .map(|task| Write::Finish {
            task: task.id,
            attempt: task.attempt,
            entries: Vec::new(),
            end: glassworks_engine::store::End::Completed(None),
        })
        .collect();
    store.commit(writes).await.unwrap();
    start.elapsed()
}

async fn claim_cost() -> (Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        backlog: u64::MAX,
        ..Limits::default()
    };
    let store = SqliteStore::open(&folder.path().join("bench.db"), limits).unwrap();
    let median = async |store: &SqliteStore| {
        let mut times = Vec::new();
        for _ in 0..50 {
            submit_rows(store, 100, Due::AtOnce).await;
            times.push(claim_and_finish(store).await);
        }
        times.sort();
        times[times.len() / 2]
    };
    let empty = median(&store).await;
    let far = Timestamp::now().plus_millis(365 * 24 * 3_600_000);
    for _ in 0..1_000 {
        submit_rows(&store, 1_000, Due::At(far)).await;
        submit_rows(&store, 1_000, Due::AtOnce).await;
        for _ in 0..10 {
            claim_and_finish(&store).await;
        }
    }
    let full = median(&store).await;
    (empty, full)
}

/// Fills a store with a million finished tasks: half of them of a kind, a third in a queue, a seventh
/// with a tag.
async fn a_million_finished(store: &SqliteStore) {
    for batch in 0..1_000 {
        let row = |number: usize| NewRow {
            kind: ["noop", "other"][number % 2].to_owned(),
            queue: ["default", "mail", "images"][number % 3].to_owned(),
            tags: vec![format!("batch-{}", number % 7)],
            ..new_row(Due::AtOnce)
        };
        let rows = (batch..batch + 1_000).map(row).collect();
        store.commit(vec![Write::Submit(rows)]).await.unwrap();
        for _ in 0..10 {
            claim_and_finish(store).await;
        }
    }
}

/// The lists that pages ask for.
fn lists() -> Vec<(&'static str, TaskFilter)> {
    let some = |name: &str| Some(name.to_owned());
    let all = TaskFilter::default;
    let of = |state| TaskFilter {
        state: vec![state],
        ..all()
    };
    vec![
        ("the newest tasks", all()),
        ("running tasks", of(State::Running)),
        ("failed tasks", of(State::Failed)),
        (
            "completed tasks of a queue",
            TaskFilter {
                queue: some("mail"),
                ..of(State::Completed)
            },
        ),
        (
            "failed tasks of a kind",
            TaskFilter {
                kind: some("noop"),
                ..of(State::Failed)
            },
        ),
        (
            "a kind with a tag",
            TaskFilter {
                kind: some("noop"),
                tag: some("batch-3"),
                ..all()
            },
        ),
        (
            "failed tasks with a tag",
            TaskFilter {
                tag: some("batch-3"),
                ..of(State::Failed)
            },
        ),
        (
            "a search that is a kind",
            TaskFilter {
                q: some("noop"),
                ..all()
            },
        ),
        (
            "a search that is a tag",
            TaskFilter {
                q: some("batch-3"),
                ..all()
            },
        ),
    ]
}

/// How long the pages of lists take beside a million finished tasks.
async fn list_cost() -> Vec<(String, Vec<Duration>)> {
    const LOOKS: u32 = 100;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("bench.db"), Limits::default()).unwrap();
    a_million_finished(&store).await;
    let all = TaskFilter::default;
    let mut measured = Vec::new();
    let mut middle = Place::Newest;
    for _ in 0..1_000 {
        let found = store.summaries(all(), middle, 100).await.unwrap();
        middle = found.next.unwrap();
    }
    let Place::OlderThan(id) = middle else {
        panic!("a list goes on to older tasks");
    };
    for (name, filter) in lists() {
        for (way, place) in [
            ("", Place::Newest),
            (" from the middle back", Place::NewerThan(id)),
        ] {
            if way.is_empty() || filter.q.is_none() {
                let mut times = Vec::new();
                for _ in 0..LOOKS {
                    let start = Instant::now();
                    store.summaries(filter.clone(), place, 50).await.unwrap();
                    times.push(start.elapsed());
                }
                times.sort();
                measured.push((format!("50 of {name}{way}"), times));
            }
        }
    }
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        store.task(id).await.unwrap().unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    measured.push(("one task".to_owned(), times));
    let nowhere = TaskFilter {
        q: Some("nowhere to be found".to_owned()),
        ..all()
    };
    let start = Instant::now();
    let mut place = Place::Newest;
    while let Some(next) = store
        .summaries(nowhere.clone(), place, 50)
        .await
        .unwrap()
        .next
    {
        place = next;
    }
    let all_pages = "a search of every payload, all pages".to_owned();
    measured.push((all_pages, vec![start.elapsed()]));
    measured
}

/// How much the process grew with 100,000 tasks in the queue, in KiB.
async fn backlog_memory() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("bench.db"), Limits::default()).unwrap();
    let before = resident_kib();
    for _ in 0..100 {
        submit_rows(&store, 1_000, Due::AtOnce).await;
    }
    resident_kib().saturating_sub(before)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
