//! An engine on a throw-away database, with a kind that does what its payload says.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use glassworks_engine::{Database, Engine, Handler, Options, Run, TaskError};
use glassworks_protocol::{
    Event, EventBody, FieldError, JsonText, NewTask, RetryPolicy, State, Task, TaskId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Does what its payload says.
pub(crate) struct Puppet;

/// What to do.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a thing that can be asked for"
)]
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Act {
    /// Print this first.
    pub(crate) print: String,
    /// Print this many lines.
    pub(crate) lines: u32,
    /// Panic on attempts up to this one.
    pub(crate) panic_until: u32,
    /// Fail on attempts up to this one.
    pub(crate) fail_until: u32,
    /// Fail for good.
    pub(crate) fail_for_good: bool,
    /// Ask to be retried at once, on attempts up to this one.
    pub(crate) retry_at_once_until: u32,
    /// Wait until asked to stop.
    pub(crate) wait: bool,
    /// Wait until asked to stop, and then fail as if of something else.
    pub(crate) trip: bool,
    /// Wait for ever, whatever is asked.
    pub(crate) stubborn: bool,
    /// Return a string of this many bytes.
    pub(crate) result_bytes: usize,
}

impl Handler for Puppet {
    const KIND: &'static str = "puppet";
    const DESCRIPTION: &'static str = "Does what its payload says.";
    type Payload = Act;

    fn example() -> Value {
        json!({ "print": "hello" })
    }

    fn check(&self, act: &Act) -> Result<(), Vec<FieldError>> {
        if act.lines > 100_000 {
            return Err(vec![FieldError::new("/lines", "must be at most 100000")]);
        }
        Ok(())
    }

    async fn run(&self, act: Act, run: &Run) -> Result<JsonText, TaskError> {
        if !act.print.is_empty() {
            run.print(act.print).await;
        }
        for line in 0..act.lines {
            run.print(format!("line {line}\n")).await;
        }
        run.progress(0.5, "half way").await;
        assert!(run.attempt() > act.panic_until, "told to panic");
        if act.fail_for_good {
            return Err(TaskError::permanent("told to fail for good"));
        }
        if run.attempt() <= act.fail_until {
            return Err(TaskError::new("told to fail"));
        }
        if run.attempt() <= act.retry_at_once_until {
            return Err(TaskError::retry_after("told to come back", Duration::ZERO));
        }
        if act.wait {
            run.cancelled().await;
            return Err(TaskError::cancelled());
        }
        if act.trip {
            run.cancelled().await;
            return Err(TaskError::new("the connection was lost"));
        }
        if act.stubborn {
            std::future::pending::<()>().await;
        }
        if act.result_bytes > 0 {
            return Ok(json!("x".repeat(act.result_bytes)).into());
        }
        Ok(json!({ "attempt": run.attempt() }).into())
    }
}

/// Options under which nothing takes long.
pub(crate) fn quick() -> Options {
    Options {
        workers: 8,
        cancel_grace: Duration::from_millis(50),
        shutdown_grace: Duration::from_millis(50),
        ..Options::default()
    }
}

pub(crate) async fn start(folder: &Path, options: Options) -> Engine {
    Engine::builder()
        .handler(Puppet)
        .options(options)
        .start(Database::Sqlite(folder.join("tasks.db")))
        .await
        .unwrap()
}

/// A task that does `act`, retried at once.
pub(crate) fn puppet(act: Value) -> NewTask {
    NewTask {
        retry: Some(RetryPolicy {
            initial_ms: 0,
            ..RetryPolicy::default()
        }),
        ..NewTask::new("puppet", act)
    }
}

pub(crate) async fn submit(engine: &Engine, new: NewTask) -> TaskId {
    engine.submit(new).await.unwrap().task.id
}

/// Follows the task to its end and gives its whole log, having checked that it has no gap.
pub(crate) async fn log(engine: &Engine, id: TaskId) -> Vec<Event> {
    let mut follow = engine.follow(id, 0).await.unwrap();
    let mut log = Vec::new();
    while let Some(batch) = follow.next().await {
        for event in batch.unwrap() {
            assert_eq!(event.seq, log.len() as u64 + 1, "a gap or a repetition");
            log.push(Event::clone(&event));
        }
    }
    log
}

/// Waits until the task is over.
pub(crate) async fn over(engine: &Engine, id: TaskId) -> Task {
    log(engine, id).await;
    engine.task(id).await.unwrap()
}

/// Waits until the task is in `state`.
pub(crate) async fn until(engine: &Engine, id: TaskId, state: State) {
    let mut follow = engine.follow(id, 0).await.unwrap();
    while let Some(batch) = follow.next().await {
        if states(
            &batch
                .unwrap()
                .iter()
                .map(|e| Event::clone(e))
                .collect::<Vec<_>>(),
        )
        .contains(&state)
        {
            return;
        }
    }
    panic!("the task was over before it was {state}");
}

/// Waits until an attempt is being made.
pub(crate) async fn until_attempt(engine: &Engine, id: TaskId, attempt: u32) {
    let mut follow = engine.follow(id, 0).await.unwrap();
    while let Some(batch) = follow.next().await {
        if batch.unwrap().iter().any(|event| event.attempt == attempt) {
            return;
        }
    }
    panic!("the task was over before attempt {attempt}");
}

/// Waits until the task has printed something.
pub(crate) async fn until_printed(engine: &Engine, id: TaskId) {
    let mut follow = engine.follow(id, 0).await.unwrap();
    while let Some(batch) = follow.next().await {
        let printed =
            |event: &std::sync::Arc<Event>| matches!(event.body, EventBody::Output { .. });
        if batch.unwrap().iter().any(printed) {
            return;
        }
    }
    panic!("the task was over before it printed");
}

pub(crate) fn states(log: &[Event]) -> Vec<State> {
    log.iter()
        .filter_map(|event| match event.body {
            EventBody::State { state, .. } => Some(state),
            _ => None,
        })
        .collect()
}

pub(crate) fn output(log: &[Event]) -> String {
    log.iter()
        .filter_map(|event| match &event.body {
            EventBody::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
