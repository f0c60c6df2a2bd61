//! Requests that a client sends again because it did not hear the answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use futures::FutureExt as _;
use glassworks_engine::{Engine, Error, RequestContext};
use glassworks_protocol::{NewTask, PageRequest, State, TaskFilter};
use serde_json::json;
use support::{over, puppet, quick, start};
use tempfile::tempdir;

fn keyed(key: &str) -> RequestContext {
    RequestContext {
        idempotency_key: Some(key.to_owned()),
        ..RequestContext::default()
    }
}

async fn count(engine: &Engine) -> usize {
    let page = PageRequest::default();
    let all = engine.tasks(&TaskFilter::default(), &page).await.unwrap();
    all.tasks.len()
}

#[tokio::test]
async fn the_same_request_gives_the_same_task_as_it_stands_now() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let first = engine
        .submit_as(puppet(json!({})), &keyed("k"))
        .await
        .unwrap();
    assert!(!first.existing && !first.replayed);
    over(&engine, first.task.id).await;
    let again = engine
        .submit_as(puppet(json!({})), &keyed("k"))
        .await
        .unwrap();
    assert!(again.existing && again.replayed);
    assert_eq!(again.task.id, first.task.id);
    assert_eq!(again.task.state, State::Completed);
    assert_eq!(count(&engine).await, 1);
}

#[tokio::test]
async fn a_batch_is_repeated_as_a_whole() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let tasks = || vec![puppet(json!({})), puppet(json!({ "lines": 1 }))];
    let first = engine.submit_all(tasks(), &keyed("k")).await.unwrap();
    let again = engine.submit_all(tasks(), &keyed("k")).await.unwrap();
    let ids = |all: &[glassworks_engine::Submitted]| -> Vec<_> {
        all.iter().map(|one| one.task.id).collect()
    };
    assert_eq!(ids(&first), ids(&again));
    assert!(again.iter().all(|one| one.replayed));
    // One task of it, by the same key, is another request.
    let one = engine.submit_as(puppet(json!({})), &keyed("k")).await;
    let Err(Error::Invalid(errors)) = one else {
        panic!("it was answered with {one:?}");
    };
    assert_eq!(errors[0].pointer, "Idempotency-Key");
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_refused() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    for key in ["", "tab\t", "ü", &"k".repeat(256)] {
        let refused = engine.submit_as(puppet(json!({})), &keyed(key)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{key:?}");
    }
    assert_eq!(count(&engine).await, 0);
}

#[tokio::test]
async fn a_request_that_is_still_being_answered_is_not_answered_twice() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let context = keyed("k");
    let mut first = Box::pin(engine.submit_as(puppet(json!({})), &context));
    assert!(first.as_mut().now_or_never().is_none());
    let second = engine.submit_as(puppet(json!({})), &context).await;
    assert_eq!(second.unwrap_err(), Error::InFlight);
    let id = first.await.unwrap().task.id;
    let third = engine.submit_as(puppet(json!({})), &context).await;
    assert_eq!(third.unwrap().task.id, id);
}

#[tokio::test]
async fn a_request_that_was_given_up_does_not_hold_its_key() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let context = keyed("k");
    let mut given_up = Box::pin(engine.submit_as(puppet(json!({})), &context));
    assert!(given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    engine.submit_as(puppet(json!({})), &context).await.unwrap();
    assert_eq!(count(&engine).await, 1, "whichever of the two was stored");
}

#[tokio::test]
async fn a_deleted_task_is_gone_and_not_made_again() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let first = engine
        .submit_as(puppet(json!({})), &keyed("k"))
        .await
        .unwrap();
    over(&engine, first.task.id).await;
    engine.delete(first.task.id).await.unwrap();
    let again = engine.submit_as(puppet(json!({})), &keyed("k")).await;
    assert_eq!(again.unwrap_err(), Error::Gone(first.task.id));
    assert_eq!(count(&engine).await, 0);
}

#[tokio::test]
async fn a_trace_is_kept_with_the_task_and_what_is_none_is_not() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (given, kept) in [(trace, Some(trace)), ("00-no-trace", None)] {
        let context = RequestContext {
            traceparent: Some(given.to_owned()),
            ..RequestContext::default()
        };
        let new: NewTask = puppet(json!({}));
        let task = engine.submit_as(new, &context).await.unwrap().task;
        assert_eq!(task.traceparent.as_deref(), kept);
        let stored = engine.task(task.id).await.unwrap();
        assert_eq!(stored.traceparent.as_deref(), kept);
    }
}
