//! Following a task while the engine goes on and goes down.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use futures::StreamExt;
use glassworks_engine::{Error, Follow, Limits, Options};
use glassworks_protocol::{Event, EventBody, NewTask, State, StateReason, TaskId};
use serde_json::json;
use support::waits::within;
use support::{log, over, puppet, quick, start, submit, until, until_printed};
use tempfile::tempdir;
use uuid::Uuid;

/// All that is still to come. Its numbers have no gap.
async fn rest(mut follow: Follow) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let reading = async {
        while let Some(batch) = follow.next().await {
            for event in batch.unwrap() {
                let expected = events.last().map_or(event.seq, |last| last.seq + 1);
                assert_eq!(event.seq, expected, "a gap or a repetition");
                events.push(Event::clone(&event));
            }
        }
    };
    within("the end of a follower", reading).await;
    events
}

#[tokio::test]
async fn a_shutdown_ends_every_follower_after_the_last_event() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let running = submit(&engine, puppet(json!({ "print": "x", "stubborn": true }))).await;
    let scheduled = NewTask {
        delay_ms: Some(3_600_000),
        ..puppet(json!({}))
    };
    let scheduled = submit(&engine, scheduled).await;
    until_printed(&engine, running).await;
    let followers = [
        engine.follow(running, 0).await.unwrap(),
        engine.follow(running, 0).await.unwrap(),
        engine.follow(running, u64::MAX).await.unwrap(),
        engine.follow(scheduled, 1).await.unwrap(),
    ];
    let reading = followers.map(|follow| tokio::spawn(rest(follow)));
    within("the shutdown", engine.shutdown()).await;
    let mut logs = Vec::new();
    for reader in reading {
        logs.push(reader.await.unwrap());
    }
    let released = EventBody::State {
        state: State::Queued,
        reason: Some(StateReason::Released),
        error: None,
        run_at: None,
    };
    assert_eq!(logs[0].last().unwrap().body, released);
    assert_eq!(logs[0], logs[1]);
    assert!(logs[2].is_empty() && logs[3].is_empty());
    assert_eq!(
        log(&engine, running).await,
        logs[0],
        "what is stored is left"
    );
}

#[tokio::test]
async fn a_follower_goes_on_from_where_it_was_cut_off() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "lines": 2_000, "wait": true }))).await;
    let mut seen: Vec<Event> = Vec::new();
    let mut asked = false;
    let reading = async {
        while !seen.last().is_some_and(ends) {
            let after = seen.last().map_or(0, |event| event.seq);
            let mut follow = engine.follow(id, after).await.unwrap();
            let batch = follow.next().await.unwrap().unwrap();
            seen.extend(batch.iter().map(|event| Event::clone(event)));
            if !asked && seen.iter().any(|event| event.body.kind() == "progress") {
                asked = true;
                engine.cancel(id).await.unwrap();
            }
        }
    };
    within("the end of the task", reading).await;
    assert_eq!(log(&engine, id).await, seen);
}

/// Whether a log leads from `after` to its end, and says where something is missing of it.
fn is_explained(after: u64, log: &[Event]) -> bool {
    let mut next = after + 1;
    for event in log {
        match event.body {
            EventBody::Truncated { first_seq, .. } if first_seq <= next => {}
            _ if event.seq == next => {}
            _ => return false,
        }
        next = event.seq + 1;
    }
    log.last().is_some_and(ends)
}

#[tokio::test]
async fn a_log_that_misses_something_is_followed_to_its_end() {
    let folder = tempdir().unwrap();
    let limited = Options {
        limits: Limits {
            output_bytes: 4_000,
            events: 64,
            ..Limits::default()
        },
        ..quick()
    };
    let engine = start(folder.path(), limited).await;
    let id = submit(&engine, puppet(json!({ "lines": 5_000, "fail_until": 1 }))).await;
    let live = tokio::spawn(rest_as_told(engine.follow(id, 0).await.unwrap()));
    let last_seq = over(&engine, id).await.last_seq;
    let live = live.await.unwrap();
    assert!(is_explained(0, &live), "{live:?}");
    assert!(live.iter().any(|event| event.body.kind() == "progress"));
    assert!(support::output(&live).ends_with("line 4999\n"));
    for after in 0..last_seq {
        let late = rest_as_told(engine.follow(id, after).await.unwrap()).await;
        assert!(is_explained(after, &late), "after {after}: {late:?}");
    }
    let stored = rest_as_told(engine.follow(id, 0).await.unwrap()).await;
    for attempt in [1, 2] {
        let of: Vec<Event> = stored
            .iter()
            .filter(|event| event.attempt == attempt)
            .cloned()
            .collect();
        let text = support::output(&of);
        assert!(text.starts_with("line 0\nline 1\n"), "{text}");
        assert!(text.ends_with("line 4999\n"), "{text}");
        assert!((3_000..=4_000).contains(&text.len()), "{}", text.len());
        let marks = of.iter().filter(|event| event.body.kind() == "truncated");
        assert_eq!(marks.count(), 1);
    }
}

/// All that is still to come, as it is told.
async fn rest_as_told(follow: Follow) -> Vec<Event> {
    let told = follow.map(|batch| batch.unwrap());
    let told: Vec<_> = told.collect().await;
    told.concat()
        .iter()
        .map(|event| Event::clone(event))
        .collect()
}

fn ends(event: &Event) -> bool {
    matches!(event.body, EventBody::State { state, .. } if state.is_final())
}

#[tokio::test]
async fn a_finished_task_is_told_whole_and_at_once() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "print": "x" }))).await;
    let task = over(&engine, id).await;
    let whole = rest(engine.follow(id, 0).await.unwrap()).await;
    assert_eq!(whole.len() as u64, task.last_seq);
    for after in [task.last_seq, task.last_seq + 1, u64::MAX] {
        let none = rest(engine.follow(id, after).await.unwrap()).await;
        assert!(none.is_empty());
    }
    let unknown = TaskId(Uuid::now_v7());
    let refused = engine.follow(unknown, 0).await.err();
    assert_eq!(refused, Some(Error::NotFound(unknown)));
}

#[tokio::test]
async fn a_retried_task_can_be_followed_to_its_next_end() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "wait": true }))).await;
    until(&engine, id, State::Running).await;
    engine.cancel(id).await.unwrap();
    let first = log(&engine, id).await;
    engine.retry(id).await.unwrap();
    let following = tokio::spawn(rest(engine.follow(id, 0).await.unwrap()));
    support::until_attempt(&engine, id, 2).await;
    engine.cancel(id).await.unwrap();
    let whole = following.await.unwrap();
    assert_eq!(whole[..first.len()], first);
    assert!(whole.len() > first.len() && whole.last().is_some_and(ends));
}
