//! What queues can be told: to wait, and to take few tasks at a time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use glassworks_engine::{Engine, Error, Limits, Options, QueueRule};
use glassworks_protocol::{NewTask, QueueSettings, RateLimit, State, TaskId};
use serde_json::json;
use support::{over, puppet, quick, start, submit, until};
use tempfile::tempdir;

fn in_queue(queue: &str, new: NewTask) -> NewTask {
    NewTask {
        queue: Some(queue.into()),
        ..new
    }
}

async fn state(engine: &Engine, id: TaskId) -> State {
    engine.task(id).await.unwrap().state
}

#[tokio::test]
async fn a_paused_queue_waits_and_others_go_on_even_after_a_restart() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let paused = QueueSettings {
        paused: true,
        ..QueueSettings::default()
    };
    engine.set_queue("slow", paused).await.unwrap();
    let waiting = submit(&engine, in_queue("slow", puppet(json!({})))).await;
    let other = submit(&engine, puppet(json!({}))).await;
    over(&engine, other).await;
    assert_eq!(state(&engine, waiting).await, State::Queued);
    engine.shutdown().await;
    drop(engine);

    let engine = start(folder.path(), quick()).await;
    let other = submit(&engine, puppet(json!({}))).await;
    over(&engine, other).await;
    assert_eq!(state(&engine, waiting).await, State::Queued);
    let queues = engine.queues().await.unwrap();
    let slow = queues.iter().find(|queue| queue.name == "slow").unwrap();
    assert!(slow.settings.paused);
    assert_eq!(slow.tasks.queued, 1);

    let resumed = QueueSettings::default();
    engine.set_queue("slow", resumed).await.unwrap();
    assert_eq!(over(&engine, waiting).await.state, State::Completed);
}

#[tokio::test]
async fn a_limit_holds_tasks_back_until_one_is_over() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    for settings in [
        QueueSettings {
            concurrency: Some(1),
            ..QueueSettings::default()
        },
        QueueSettings {
            max_running: Some(1),
            ..QueueSettings::default()
        },
    ] {
        engine.set_queue("narrow", settings).await.unwrap();
        let first = submit(&engine, in_queue("narrow", puppet(json!({ "wait": true })))).await;
        let second = submit(&engine, in_queue("narrow", puppet(json!({})))).await;
        until(&engine, first, State::Running).await;
        let other = submit(&engine, puppet(json!({}))).await;
        over(&engine, other).await;
        assert_eq!(state(&engine, second).await, State::Queued);
        engine.cancel(first).await.unwrap();
        assert_eq!(over(&engine, second).await.state, State::Completed);
    }
}

#[tokio::test]
async fn a_rate_spreads_starts_over_time() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let settings = QueueSettings {
        rate: Some(RateLimit {
            tasks: 2,
            per_ms: 200,
        }),
        ..QueueSettings::default()
    };
    engine.set_queue("paced", settings).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(submit(&engine, in_queue("paced", puppet(json!({})))).await);
    }
    let mut starts = Vec::new();
    for id in ids {
        starts.push(over(&engine, id).await.started_at.unwrap());
    }
    starts.sort();
    // Two at once, then one each 100 ms: never earlier, however slow the machine.
    assert!(starts[2].millis_since(starts[0]) >= 100, "{starts:?}");
    assert!(starts[3].millis_since(starts[0]) >= 200, "{starts:?}");
}

#[tokio::test]
async fn what_the_operator_says_of_a_queue_holds_from_the_first_claim_on() {
    let folder = tempdir().unwrap();
    let rule = QueueRule {
        paused: Some(true),
        concurrency: Some(3),
        ..QueueRule::default()
    };
    let options = |rule: QueueRule| Options {
        queues: [("slow".to_owned(), rule)].into(),
        ..quick()
    };
    let engine = start(folder.path(), options(rule)).await;
    let waiting = submit(&engine, in_queue("slow", puppet(json!({})))).await;
    let other = submit(&engine, puppet(json!({}))).await;
    over(&engine, other).await;
    assert_eq!(state(&engine, waiting).await, State::Queued);
    engine.shutdown().await;
    drop(engine);

    // A rule that says nothing about pausing leaves a queue paused.
    let silent = QueueRule {
        paused: None,
        ..rule
    };
    let engine = start(folder.path(), options(silent)).await;
    let settings = engine.queue("slow").await.unwrap().settings;
    assert!(settings.paused);
    assert_eq!(settings.concurrency, Some(3));
    let resumed = engine.resume_queue("slow").await.unwrap().settings;
    assert_eq!(resumed.concurrency, Some(3));
    assert_eq!(over(&engine, waiting).await.state, State::Completed);
}

#[tokio::test]
async fn a_queue_that_nobody_uses_is_none() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let missing = engine.queue("slow").await.unwrap_err();
    assert_eq!(missing, Error::NoQueue("slow".to_owned()));
}

#[tokio::test]
async fn queues_are_bounded_in_number() {
    let folder = tempdir().unwrap();
    let limits = Limits {
        queues: 2,
        ..Limits::default()
    };
    let engine = start(folder.path(), Options { limits, ..quick() }).await;
    for name in ["a", "b", "a"] {
        engine.pause_queue(name, None).await.unwrap();
    }
    let refused = engine.pause_queue("c", None).await.unwrap_err();
    assert!(refused.to_string().contains("2 queues"), "{refused}");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let settings = QueueSettings {
        concurrency: Some(0),
        rate: Some(RateLimit {
            tasks: 0,
            per_ms: 0,
        }),
        ..QueueSettings::default()
    };
    let Err(Error::Invalid(errors)) = engine.set_queue("a b", settings).await else {
        panic!("it was accepted");
    };
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["name", "/concurrency", "/rate/tasks", "/rate/per_ms"]
    );
}
