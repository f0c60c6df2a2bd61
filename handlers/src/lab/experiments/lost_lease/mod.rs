//! A worker that is alive and does not say so: its task is taken over, and its answer refused.
//!
//! Two nodes of the engine that runs this server share a store. What they do is what the engine
//! does; only the leases are shorter.

mod broken;
mod fixed;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use glassworks_engine::store::{End, Outcome, Refusal, Store, Write};
use glassworks_engine::{Engine, Handler, TaskError};
use glassworks_protocol::{NewTask, Task, TaskId};
use serde_json::json;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::node;
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Client, Connections, Exchange};
use crate::lab::report::{Figure, Measured, spoken};
use crate::lab::stage::{Scene, Stage};
use crate::lab::threads::RuntimePlan;
use worker::{Attempt, Worker};

variants! {
    "lost_lease";
    "broken": "broken.rs", "the handler blocks its worker's event loop";
    "fixed": "fixed.rs", "the handler blocks a thread of its own";
}

/// How long the second worker needs for a picture: it is quick, so the task is over when the first
/// one answers.
const QUICK: Duration = Duration::from_millis(50);
/// How often the first worker is pinged.
const PING_EVERY: Duration = Duration::from_millis(100);

parameters! {
    /// A worker draws a picture that takes longer than its lease, which it renews three times in
    /// that time, when it can. A second worker takes over what has expired.
    LostLease(CurrentThread) {
        /// How long a lease lasts without renewal, in milliseconds. The server's own last 30 s.
        #[schema(minimum = 300, maximum = 2000)]
        lease_ms: u32 = 900,
        /// How long the picture takes, in milliseconds.
        #[schema(minimum = 100, maximum = 3000)]
        work_ms: u32 = 2_500,
    }
}

impl Parameters for LostLease {}

impl Experiment for LostLease {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        // Side by side: each pair of workers has a store of its own.
        let (broken, fixed) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], broken::Render),
            self.variant(stage, &VARIANTS[1], fixed::Render),
        )?;
        let phenomenon = format!(
            "A lease lasted {}, the picture took {}. The worker whose event loop was blocked did \
             not beat: {}. The worker that blocked another thread beat on: {}.",
            spoken(Duration::from_millis(self.lease_ms.into())),
            spoken(Duration::from_millis(self.work_ms.into())),
            broken.story,
            fixed.story,
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    story: String,
}

impl LostLease {
    async fn variant<H: Handler>(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        handler: impl Fn(Worker) -> H + Send + Sync + 'static,
    ) -> Result<Seen, TaskError> {
        let lease = Duration::from_millis(self.lease_ms.into());
        let store = node::open(&stage.threads.directory()?).await?;
        let first = Worker {
            name: "worker A",
            takes: Duration::from_millis(self.work_ms.into()),
            clock: stage.clock,
            book: Arc::default(),
        };
        let second = Worker {
            name: "worker B",
            takes: QUICK,
            ..first.clone()
        };
        let book = Arc::clone(&first.book);
        let (one, other) = (handler(first), handler(second));
        let shared = Arc::clone(&store);
        let starting = stage
            .threads
            .run("lab-node", RuntimePlan::SINGLE, async move |teller| {
                if let Ok(engine) = node::start(shared, "worker B", lease, other).await {
                    teller.tell(engine.clone());
                    std::future::pending::<()>().await;
                    drop(engine);
                }
            })?;
        let refused = |_| TaskError::new("the lab's node did not start");
        let watcher = stage.unless_stopped(starting).await?.map_err(refused)?;
        let shared = Arc::clone(&store);
        let curl = "-i -X POST {}/pictures";
        let scene = stage
            .scene_with(variant, self.runtime(), curl, async move || {
                routes(node::start(shared, "worker A", lease, one).await.ok())
            })
            .await?;
        let patience = Duration::from_millis((2 * self.lease_ms + self.work_ms).into())
            + Duration::from_secs(5);
        let watching = watcher.clone();
        let seen = Arc::clone(&book);
        let asked = scene
            .probe(Connections::KeepAlive, async move |client| {
                let until = until_over(&watching, &seen);
                ask(client, until, patience).await
            })
            .await?;
        let task = over(&watcher, &asked).await?;
        let attempts = book.lock().clone();
        self.tell(&scene, &*store, &task, &attempts).await
    }

    async fn tell(
        &self,
        scene: &Scene<'_>,
        store: &dyn Store,
        task: &Task,
        attempts: &[Attempt],
    ) -> Result<Seen, TaskError> {
        let won = task.attempt;
        let mut late = Vec::new();
        for one in attempts {
            let end = one.returned.unwrap_or(one.begun);
            let kept = one.number == won;
            let attributes = json!({"attempt": one.number, "kept": kept});
            let name = format!("attempt {}", one.number);
            scene
                .inside(one.worker, name, (one.begun, end), attributes)
                .await;
            if !kept {
                late.push(one);
            }
        }
        let mut refused = 0;
        for one in &late {
            // The engine has offered this answer already, and was refused. The same once more, to
            // have it in the store's own words.
            if is_fenced(store, task.id, one.number).await? {
                refused += 1;
            }
        }
        let begun = attempts.first().map(|one| one.begun);
        let took_over = attempts.get(1).map(|one| one.begun);
        let silent = begun
            .zip(took_over)
            .map(|(begun, then)| then.saturating_sub(begun));
        let figures = vec![
            Figure::count("attempts", "attempts made", attempts.len()),
            Figure::time("taken_over", "taken over after", silent),
            Figure::count("late_refused", "late answers refused by fencing", refused),
            Figure::count(
                "kept_attempt",
                "the attempt whose answer was kept",
                won as usize,
            ),
        ];
        let told = match (silent, task.errors.first()) {
            (Some(silent), Some(error)) => format!(
                "after {} its task was taken over (\"{}\"), attempt {won} was kept, and {refused} \
                 late answer was refused",
                spoken(silent),
                error.message,
            ),
            _ => format!("attempt {won} was the only one, and its answer was kept"),
        };
        Ok(Seen {
            measured: scene.measured(figures).await,
            story: told,
        })
    }
}

/// The first worker's server.
fn routes(engine: Option<Engine>) -> Router {
    Router::new()
        .route("/pictures", post(draw))
        .with_state(engine)
}

async fn draw(State(engine): State<Option<Engine>>) -> Result<(StatusCode, String), StatusCode> {
    let engine = engine.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let task = engine.submit(NewTask::new("render", json!({}))).await;
    let task = task.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?.task;
    Ok((StatusCode::ACCEPTED, task.id.to_string()))
}

/// Orders a picture, and pings until `over` comes to its end: a blocked server may answer the order
/// late, too.
async fn ask(client: Client, over: impl AsyncFnOnce(TaskId), patience: Duration) -> Exchange {
    let orders = client.apart(Connections::New);
    let picture = async {
        let asked = orders.post("order", "/pictures", Bytes::new()).await;
        if let Ok(task) = asked.text.parse() {
            // Late or not, how the task stands then is told.
            let _ = tokio::time::timeout(patience, over(task)).await;
        }
        asked
    };
    tokio::pin!(picture);
    let mut ticks = tokio::time::interval(PING_EVERY);
    let mut pings = tokio::task::JoinSet::new();
    let asked = loop {
        tokio::select! {
            biased;
            asked = &mut picture => break asked,
            _ = ticks.tick() => {
                let client = client.clone();
                pings.spawn(async move { client.get("ping", "/ping").await });
            }
        }
    };
    pings.join_all().await;
    asked
}

/// Waits until the task is over and every attempt has returned.
fn until_over(
    watcher: &Engine,
    book: &Arc<parking_lot::Mutex<Vec<Attempt>>>,
) -> impl AsyncFnOnce(TaskId) + use<> {
    let (watcher, book) = (watcher.clone(), Arc::clone(book));
    async move |task| loop {
        let stands = watcher.task(task).await;
        let is_over = stands.is_ok_and(|task| task.state.is_final());
        if is_over && book.lock().iter().all(|one| one.returned.is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The task that was asked for, which must be over.
async fn over(watcher: &Engine, asked: &Exchange) -> Result<Task, TaskError> {
    let unclear = || TaskError::new("the lab's task did not come to its end in time");
    let id: TaskId = asked.text.parse().map_err(|_| unclear())?;
    let task = watcher.task(id).await.map_err(|_| unclear())?;
    if task.state.is_final() {
        Ok(task)
    } else {
        Err(unclear())
    }
}

/// Whether the store refuses an answer of this attempt because it is not its task's any more.
async fn is_fenced(store: &dyn Store, task: TaskId, attempt: u32) -> Result<bool, TaskError> {
    let write = Write::Finish {
        task,
        attempt,
        entries: Vec::new(),
        end: End::Completed(None),
    };
    let committed = store.commit(vec![write]).await;
    let committed = committed.map_err(|error| TaskError::new(error.to_string()))?;
    let outcome = committed.outcomes.first();
    Ok(matches!(
        outcome,
        Some(Outcome::Finished(Err(Refusal::Fenced)))
    ))
}
