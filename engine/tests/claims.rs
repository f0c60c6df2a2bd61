//! How tasks come to run: at once where there is room, and never more than there is room for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use glassworks_engine::{Database, Engine, Handler, Options, Run, TaskError};
use glassworks_protocol::{JsonText, NewTask, State};
use serde::Deserialize;
use serde_json::{Value, json};
use support::waits::within;
use support::{over, puppet, quick, start, submit};
use tempfile::tempdir;
use tokio::sync::watch;
use utoipa::ToSchema;

#[tokio::test]
async fn a_task_runs_on_an_idle_node_when_its_submit_is_answered() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    for _ in 0..4 {
        let id = submit(&engine, puppet(json!({ "wait": true }))).await;
        assert_eq!(engine.task(id).await.unwrap().state, State::Running);
    }
}

#[tokio::test]
async fn the_end_of_one_task_is_the_start_of_the_next() {
    let folder = tempdir().unwrap();
    let options = Options {
        workers: 1,
        ..quick()
    };
    let engine = start(folder.path(), options).await;
    let first = submit(&engine, puppet(json!({ "wait": true }))).await;
    let second = submit(&engine, puppet(json!({ "wait": true }))).await;
    assert_eq!(engine.task(second).await.unwrap().state, State::Queued);
    engine.cancel(first).await.unwrap();
    over(&engine, first).await;
    assert_eq!(engine.task(second).await.unwrap().state, State::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_a_task_run_can_stop_it() {
    let folder = tempdir().unwrap();
    let options = Options {
        workers: 200,
        // A stop that comes too early for its attempt would be noticed by the renewal only.
        lease: Duration::from_hours(1),
        ..quick()
    };
    let engine = start(folder.path(), options).await;
    let stopped = (0..200).map(|_| async {
        let id = submit(&engine, puppet(json!({ "wait": true }))).await;
        engine.cancel(id).await.unwrap();
        over(&engine, id).await.state
    });
    let stopped = within("the end of all", join_all(stopped)).await;
    assert!(stopped.iter().all(|state| *state == State::Cancelled));
}

/// Is at work until a test lets it go, and counts how many of it are.
#[derive(Clone, Default)]
struct Crowd {
    now: watch::Sender<u32>,
    most: Arc<AtomicU32>,
    may_go: watch::Sender<bool>,
}

#[derive(Deserialize, ToSchema)]
struct Nothing {}

impl Handler for Crowd {
    const KIND: &'static str = "crowd";
    const DESCRIPTION: &'static str = "Is at work until a test lets it go.";
    type Payload = Nothing;

    fn example() -> Value {
        json!({})
    }

    async fn run(&self, _: Nothing, _: &Run) -> Result<JsonText, TaskError> {
        self.now.send_modify(|now| {
            *now += 1;
            self.most.fetch_max(*now, Ordering::SeqCst);
        });
        let mut may_go = self.may_go.subscribe();
        may_go.wait_for(|may_go| *may_go).await.unwrap();
        tokio::task::yield_now().await;
        self.now.send_modify(|now| *now -= 1);
        Ok(Value::Null.into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_run_as_there_are_workers_and_no_more() {
    let folder = tempdir().unwrap();
    let crowd = Crowd::default();
    let engine = Engine::builder()
        .handler(crowd.clone())
        .options(Options {
            workers: 3,
            ..quick()
        })
        .start(Database::Sqlite(folder.path().join("tasks.db")))
        .await
        .unwrap();
    let submits = (0..300).map(|_| submit(&engine, NewTask::new("crowd", json!({}))));
    let ids = join_all(submits).await;
    let mut now = crowd.now.subscribe();
    within("three at work", now.wait_for(|now| *now == 3))
        .await
        .unwrap();
    let counts = engine.stats().await.unwrap().tasks;
    assert_eq!((counts.running, counts.queued), (3, 297));
    crowd.may_go.send_replace(true);
    let states = join_all(ids.into_iter().map(|id| over(&engine, id))).await;
    assert!(states.iter().all(|task| task.state == State::Completed));
    assert_eq!(crowd.most.load(Ordering::SeqCst), 3);
}
