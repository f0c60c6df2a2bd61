//! An engine with a lab, and what can be asked of a finished run.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use glassworks_engine::{Database, Engine};
use glassworks_handlers::lab::Lab;
use glassworks_protocol::{Event, EventBody, NewTask, State, Task, TaskId};
use serde_json::Value;
use tempfile::TempDir;

/// An engine with a lab.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    _directory: TempDir,
}

/// A finished run.
pub(crate) struct Finished {
    pub(crate) task: Task,
    pub(crate) log: Vec<Event>,
    pub(crate) result: Value,
}

impl Node {
    /// One that runs so many experiments at a time.
    pub(crate) async fn start(runs: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::builder()
            .handler(Lab::new(runs))
            .start(Database::Sqlite(directory.path().join("tasks.db")))
            .await
            .unwrap();
        Self {
            engine,
            _directory: directory,
        }
    }

    pub(crate) async fn submit(&self, payload: Value) -> TaskId {
        let new = NewTask {
            max_attempts: Some(1),
            ..NewTask::new("lab", payload)
        };
        self.engine.submit(new).await.unwrap().task.id
    }

    /// Runs an experiment that must complete.
    pub(crate) async fn run(&self, payload: Value) -> Finished {
        let finished = self.finish(self.submit(payload).await).await;
        let Task { state, error, .. } = &finished.task;
        assert_eq!(*state, State::Completed, "{error:?}");
        finished
    }

    /// Waits for the end of a run.
    pub(crate) async fn finish(&self, id: TaskId) -> Finished {
        let log = self.until(id, |_| false).await;
        let task = self.engine.task(id).await.unwrap();
        let result = task.result.as_ref().map(|json| json.read().unwrap());
        Finished {
            task,
            log,
            result: result.unwrap_or_default(),
        }
    }

    /// Follows a run until an event is `wanted`, or to its end.
    pub(crate) async fn until(&self, id: TaskId, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut follow = self.engine.follow(id, 0).await.unwrap();
        let mut log = Vec::new();
        let following = async {
            while let Some(batch) = follow.next().await {
                for event in batch.unwrap() {
                    log.push(Event::clone(&event));
                    if wanted(&event) {
                        return;
                    }
                }
            }
        };
        let limit = Duration::from_mins(2);
        tokio::time::timeout(limit, following).await.unwrap();
        log
    }
}

impl Finished {
    /// A figure of a variant.
    pub(crate) fn figure(&self, variant: &str, name: &str) -> f64 {
        let value = &self.raw(variant, name)["value"];
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{variant} has no {name}: {}", self.result))
    }

    /// Whether a figure was measured.
    pub(crate) fn has(&self, variant: &str, name: &str) -> bool {
        !self.raw(variant, name)["value"].is_null()
    }

    pub(crate) fn variants(&self) -> &Vec<Value> {
        self.result["variants"].as_array().unwrap()
    }

    fn raw(&self, variant: &str, name: &str) -> &Value {
        let variant = self
            .variants()
            .iter()
            .find(|it| it["variant"] == variant)
            .unwrap();
        let figures = variant["figures"].as_array().unwrap();
        figures
            .iter()
            .find(|figure| figure["name"] == name)
            .unwrap()
    }

    /// The rows of the time line.
    pub(crate) fn tracks(&self) -> BTreeSet<&str> {
        self.spans().map(|(track, ..)| track).collect()
    }

    /// Row, name, start, end and attributes of every span.
    pub(crate) fn spans(
        &self,
    ) -> impl Iterator<Item = (&str, &str, f64, f64, &serde_json::Map<String, Value>)> {
        self.log.iter().filter_map(|event| match &event.body {
            EventBody::Span {
                name,
                track,
                start_ms,
                end_ms,
                attributes,
            } => Some((
                track.as_str(),
                name.as_str(),
                *start_ms,
                *end_ms,
                attributes,
            )),
            _ => None,
        })
    }

    pub(crate) fn output(&self) -> String {
        output(&self.log)
    }
}

pub(crate) fn output(log: &[Event]) -> String {
    log.iter()
        .filter_map(|event| match &event.body {
            EventBody::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
