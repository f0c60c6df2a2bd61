//! An engine with the kinds, on a throw-away database.

pub(crate) mod network;
pub(crate) mod service;

use std::time::Duration;

use futures::StreamExt as _;
use glassworks_engine::{Database, Engine, Options as EngineOptions};
use glassworks_handlers::outbound::{
    Error, Limits, Outbound, Request, Response, Timings, Upstream,
};
use glassworks_handlers::{Options, register};
use glassworks_protocol::{
    Event, EventBody, FieldError, JsonText, NewTask, RetryPolicy, State, Task, TaskId,
};
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

/// An engine with the kinds.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    directory: TempDir,
}

/// A finished task and its whole log.
pub(crate) struct Finished {
    pub(crate) task: Task,
    pub(crate) log: Vec<Event>,
    result: Option<Value>,
}

impl Node {
    pub(crate) async fn start(options: Options) -> Self {
        Self::start_with_grace(options, Duration::from_secs(10)).await
    }

    /// One whose shutdown waits for running tasks as long as this.
    pub(crate) async fn start_with_grace(options: Options, shutdown_grace: Duration) -> Self {
        let engine = EngineOptions {
            // What does not stop by itself is not stopped by the engine either.
            cancel_grace: Duration::from_hours(1),
            shutdown_grace,
            ..EngineOptions::default()
        };
        Self::start_with(options, engine).await
    }

    /// One whose engine has options of its own.
    pub(crate) async fn start_with(options: Options, engine: EngineOptions) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options, engine).await
    }

    async fn start_in(directory: TempDir, options: Options, engine: EngineOptions) -> Self {
        let engine = register(Engine::builder(), options)
            .options(engine)
            .start(Database::Sqlite(directory.path().join("tasks.db")))
            .await
            .unwrap();
        Self { engine, directory }
    }

    /// The same node after a restart, with other options for its kinds.
    pub(crate) async fn restart(self, options: Options) -> Self {
        self.engine.shutdown().await;
        let Self { engine, directory } = self;
        drop(engine);
        Self::start_in(directory, options, EngineOptions::default()).await
    }

    /// One that may reach loopback, as its operator has said.
    pub(crate) async fn beside_services() -> Self {
        Self::start(Options {
            outbound: beside_services(),
            ..Options::default()
        })
        .await
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.directory.path()
    }

    pub(crate) async fn submit(&self, kind: &str, payload: impl Into<JsonText>) -> TaskId {
        self.engine
            .submit(once(kind, payload))
            .await
            .unwrap()
            .task
            .id
    }

    /// Where and why a payload is refused at submission.
    pub(crate) async fn refused(&self, kind: &str, payload: Value) -> Vec<FieldError> {
        let refusal = self.engine.submit(once(kind, payload)).await.err().unwrap();
        refusal.problem().errors
    }

    /// Runs one attempt of a task.
    pub(crate) async fn run(&self, kind: &str, payload: impl Into<JsonText>) -> Finished {
        let id = self.submit(kind, payload).await;
        self.finish(id).await
    }

    /// Runs a task that may be tried again at once, up to three times.
    pub(crate) async fn run_thrice(&self, kind: &str, payload: Value) -> Finished {
        let new = NewTask {
            max_attempts: Some(3),
            ..once(kind, payload)
        };
        let id = self.engine.submit(new).await.unwrap().task.id;
        self.finish(id).await
    }

    /// Waits for the end of a task.
    pub(crate) async fn finish(&self, id: TaskId) -> Finished {
        let log = self.until(id, |_| false).await;
        let task = self.engine.task(id).await.unwrap();
        let result = task.result.as_ref().map(|json| json.read().unwrap());
        Finished { task, log, result }
    }

    /// Follows a task until an event is `wanted`, or to its end.
    pub(crate) async fn until(&self, id: TaskId, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut follow = self.engine.follow(id, 0).await.unwrap();
        let mut log = Vec::new();
        while let Some(batch) = soon(follow.next()).await {
            for event in batch.unwrap() {
                log.push(Event::clone(&event));
                if wanted(&event) {
                    return log;
                }
            }
        }
        log
    }

    /// Waits until a task has printed `text`.
    pub(crate) async fn until_printed(&self, id: TaskId, text: &str) {
        let log = self
            .until(id, |event| match &event.body {
                EventBody::Output { text: printed, .. } => printed.contains(text),
                _ => false,
            })
            .await;
        assert!(
            output(&log).contains(text),
            "ended without {text:?}: {log:?}"
        );
    }
}

/// What `work` comes to, which is not to take for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_mins(1);
    tokio::time::timeout(limit, work).await.unwrap()
}

/// What may reach loopback.
pub(crate) fn beside_services() -> Outbound {
    Outbound::new(["127.0.0.1".parse::<Upstream>().unwrap()])
}

/// Sends a request under the usual limits.
pub(crate) async fn send(outbound: &Outbound, request: Request) -> Result<Response, Error> {
    let mut timings = Timings::default();
    outbound
        .send(request, &Limits::default(), &mut timings)
        .await
}

pub(crate) async fn get(outbound: &Outbound, url: &str) -> Result<Response, Error> {
    send(outbound, Request::new(Method::GET, url)).await
}

fn once(kind: &str, payload: impl Into<JsonText>) -> NewTask {
    NewTask {
        max_attempts: Some(1),
        retry: Some(RetryPolicy {
            initial_ms: 0,
            ..RetryPolicy::default()
        }),
        ..NewTask::new(kind, payload)
    }
}

impl Finished {
    /// The result of a task that must have completed.
    pub(crate) fn result(&self) -> &Value {
        assert_eq!(self.task.state, State::Completed, "{:?}", self.task.error);
        self.result.as_ref().unwrap()
    }

    /// The message of a task that must have failed.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.task.state, State::Failed, "{:?}", self.task.result);
        &self.task.error.as_ref().unwrap().message
    }

    pub(crate) fn output(&self) -> String {
        output(&self.log)
    }
}

fn output(log: &[Event]) -> String {
    log.iter()
        .filter_map(|event| match &event.body {
            EventBody::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
