//! A task's life: from its submission to its end, and what can happen on the way.

mod support;

use glassworks_engine::{Error, RequestContext};
use glassworks_protocol::{
    BulkAction, BulkOutcome, EventBody, NewTask, OutputStream, PageRequest, State, StateReason,
    TaskFilter, TaskId,
};
use serde_json::json;
use support::waits::{eventually, within};
use support::{
    log, output, over, puppet, quick, start, states, submit, until, until_attempt, until_printed,
};
use tempfile::tempdir;

#[tokio::test]
async fn a_task_runs_to_its_end_and_its_log_tells_it() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let submitted = engine
        .submit(puppet(json!({ "print": "hello\n" })))
        .await
        .unwrap()
        .task;
    assert_eq!(submitted.state, State::Queued);
    assert_eq!(submitted.last_seq, 1);

    let log = log(&engine, submitted.id).await;
    assert_eq!(
        states(&log),
        [State::Queued, State::Running, State::Completed]
    );
    assert_eq!(output(&log), "hello\n");

    let task = engine.task(submitted.id).await.unwrap();
    assert_eq!(task.state, State::Completed);
    assert_eq!(task.result, Some(json!({ "attempt": 1 }).into()));
    assert_eq!(task.progress.unwrap().message.unwrap(), "half way");
    assert_eq!(task.last_seq, log.len() as u64);
    assert_eq!(task.attempt, 1);
    assert!(task.started_at >= Some(task.created_at));
    assert!(task.finished_at >= task.started_at);
    assert_eq!(task.node.as_deref(), Some(engine.node()));
}

#[tokio::test]
async fn a_failed_attempt_is_made_again_and_every_failure_is_kept() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "fail_until": 2 }))).await;
    let task = over(&engine, id).await;
    assert_eq!(task.state, State::Completed);
    assert_eq!(task.attempt, 3);
    let failures: Vec<_> = task
        .errors
        .iter()
        .map(|failure| (failure.attempt, failure.message.as_str()))
        .collect();
    assert_eq!(failures, [(1, "told to fail"), (2, "told to fail")]);
    assert_eq!(task.error, task.errors.last().cloned());
}

#[tokio::test]
async fn attempts_run_out() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewTask {
        max_attempts: Some(2),
        ..puppet(json!({ "fail_until": 99 }))
    };
    let task = {
        let id = submit(&engine, new).await;
        over(&engine, id).await
    };
    assert_eq!(task.state, State::Failed);
    assert_eq!(task.attempt, 2);
    assert_eq!(task.errors.len(), 2);
}

#[tokio::test]
async fn a_handler_can_fail_for_good_or_name_its_own_wait() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let for_good = submit(&engine, puppet(json!({ "fail_for_good": true }))).await;
    let task = over(&engine, for_good).await;
    assert_eq!((task.state, task.attempt), (State::Failed, 1));

    let mut slow_backoff = puppet(json!({ "retry_at_once_until": 1 }));
    slow_backoff.retry = None;
    let at_once = submit(&engine, slow_backoff).await;
    let task = over(&engine, at_once).await;
    assert_eq!((task.state, task.attempt), (State::Completed, 2));
}

#[tokio::test]
async fn a_panic_fails_its_attempt_with_message_and_place() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "panic_until": 1 }))).await;
    let task = over(&engine, id).await;
    assert_eq!((task.state, task.attempt), (State::Completed, 2));
    let message = &task.error.unwrap().message;
    assert!(message.contains("told to panic"), "{message}");
    assert!(message.contains("support/mod.rs:"), "{message}");
}

#[tokio::test]
async fn a_long_panic_is_told_in_part() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let mut act = puppet(json!({ "panic_bytes": 1_000_000 }));
    act.max_attempts = Some(1);
    let id = submit(&engine, act).await;
    let message = over(&engine, id).await.error.unwrap().message;
    assert!(message.starts_with("panicked at "), "{message}");
    assert!(message.ends_with("ü…"), "{message}");
    assert!((16_000..=16 * 1024).contains(&message.len()));
    let told = log(&engine, id).await.into_iter().find_map(|event| {
        let EventBody::State { error, .. } = event.body else {
            return None;
        };
        error
    });
    assert_eq!(told, Some(message));
}

#[tokio::test]
async fn what_is_printed_says_to_which_stream() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let act = json!({ "print": "out\n", "print_err": "err\n", "lines": 2 });
    let id = submit(&engine, puppet(act)).await;
    let mut printed: Vec<(OutputStream, String)> = Vec::new();
    for event in log(&engine, id).await {
        let EventBody::Output { stream, text } = event.body else {
            continue;
        };
        match printed.last_mut().filter(|(last, _)| *last == stream) {
            Some((_, before)) => before.push_str(&text),
            None => printed.push((stream, text)),
        }
    }
    let expected = [
        (OutputStream::Stdout, "out\n"),
        (OutputStream::Stderr, "err\n"),
        (OutputStream::Stdout, "line 0\nline 1\n"),
    ];
    assert_eq!(
        printed,
        expected.map(|(stream, text)| (stream, text.to_owned()))
    );
}

#[tokio::test]
async fn a_time_limit_ends_an_attempt() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    for act in [json!({ "wait": true }), json!({ "stubborn": true })] {
        let new = NewTask {
            timeout_ms: Some(20),
            max_attempts: Some(1),
            ..puppet(act)
        };
        let id = submit(&engine, new).await;
        let task = over(&engine, id).await;
        assert_eq!(task.state, State::Failed);
        assert_eq!(task.error.unwrap().message, "timed out after 20 ms");
    }
}

#[tokio::test]
async fn cancelling_stops_a_waiting_task_at_once_and_asks_a_running_one() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let waiting = NewTask {
        delay_ms: Some(60_000),
        ..puppet(json!({}))
    };
    let waiting = engine.submit(waiting).await.unwrap().task;
    assert_eq!(waiting.state, State::Scheduled);
    let cancelled = engine.cancel(waiting.id).await.unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    assert_eq!(
        engine.cancel(waiting.id).await.unwrap_err(),
        Error::Conflict("the task is cancelled".into())
    );

    for act in [json!({ "wait": true }), json!({ "stubborn": true })] {
        let id = submit(&engine, puppet(act)).await;
        until(&engine, id, State::Running).await;
        assert!(engine.cancel(id).await.unwrap().cancel_requested);
        let log = log(&engine, id).await;
        assert_eq!(states(&log).last(), Some(&State::Cancelled));
        assert!(log.iter().any(|event| matches!(
            event.body,
            EventBody::State {
                state: State::Running,
                reason: Some(StateReason::CancelRequested),
                ..
            }
        )));
    }
}

#[tokio::test]
async fn a_task_that_fails_when_it_is_asked_to_stop_is_not_tried_again() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "trip": true }))).await;
    until(&engine, id, State::Running).await;
    engine.cancel(id).await.unwrap();
    let task = over(&engine, id).await;
    assert_eq!((task.state, task.attempt), (State::Cancelled, 1));
    assert_eq!(task.error.unwrap().message, "the connection was lost");
}

#[tokio::test]
async fn a_person_can_have_a_finished_task_tried_again_or_forgotten() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewTask {
        max_attempts: Some(1),
        ..puppet(json!({ "fail_until": 1 }))
    };
    let id = submit(&engine, new).await;
    assert_eq!(over(&engine, id).await.state, State::Failed);
    engine.retry(id).await.unwrap();
    let task = over(&engine, id).await;
    assert_eq!((task.state, task.attempt), (State::Completed, 2));
    assert!(matches!(engine.retry(id).await, Err(Error::Conflict(_))));

    engine.delete(id).await.unwrap();
    assert_eq!(engine.task(id).await.unwrap_err(), Error::NotFound(id));
    assert!(engine.follow(id, 0).await.is_err());
}

#[tokio::test]
async fn a_task_that_was_running_when_the_process_ended_is_taken_up_again() {
    let folder = tempdir().unwrap();
    let copy = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let id = submit(&engine, puppet(json!({ "print": "x", "stubborn": true }))).await;
    until_printed(&engine, id).await;
    // The files as a killed process would leave them.
    for file in ["tasks.db", "tasks.db-wal"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let survivor = start(copy.path(), quick()).await;
    until(&survivor, id, State::Queued).await;
    survivor.cancel(id).await.unwrap();
    let log = log(&survivor, id).await;
    assert!(log.iter().any(|event| matches!(
        event.body,
        EventBody::State {
            reason: Some(StateReason::LeaseExpired),
            ..
        }
    )));
    let task = survivor.task(id).await.unwrap();
    assert_eq!(task.errors.len(), 1);
    assert!(
        task.errors[0]
            .message
            .contains("stopped before this attempt ended")
    );
}

#[tokio::test]
async fn a_shutdown_puts_back_what_is_left_without_its_counting() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewTask {
        max_attempts: Some(1),
        ..puppet(json!({ "print": "x", "stubborn": true }))
    };
    let id = submit(&engine, new).await;
    until_printed(&engine, id).await;
    engine.shutdown().await;
    let task = engine.task(id).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Queued, 1));
    assert_eq!(task.error, None);
    drop(engine);

    let engine = start(folder.path(), quick()).await;
    until_attempt(&engine, id, 2).await;
    engine.cancel(id).await.unwrap();
    assert_eq!(over(&engine, id).await.attempt, 2);
}

#[tokio::test]
async fn a_second_engine_on_the_same_file_is_refused_with_a_sentence() {
    let folder = tempdir().unwrap();
    let _engine = start(folder.path(), quick()).await;
    let second = glassworks_engine::Engine::builder()
        .start(glassworks_engine::Database::Sqlite(
            folder.path().join("tasks.db"),
        ))
        .await;
    let message = second.err().unwrap().to_string();
    assert!(
        message.contains("another Glassworks process is using it"),
        "{message}"
    );
}

#[tokio::test]
async fn bad_input_is_told_with_its_place() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewTask {
        queue: Some("no spaces".into()),
        priority: Some(10),
        ..NewTask::new("puppet", json!({ "lines": "many" }))
    };
    let Err(Error::Invalid(errors)) = engine.submit(new).await else {
        panic!("it was accepted");
    };
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/payload/lines", "/queue", "/priority"]);

    for (payload, pointer) in [
        (json!({ "lines": 100_001 }), "/payload/lines"),
        (json!({ "nothing_such": 1 }), "/payload/nothing_such"),
        (json!([]), "/payload"),
    ] {
        let Err(Error::Invalid(errors)) = engine.submit(puppet(payload.clone())).await else {
            panic!("{payload} was accepted");
        };
        assert_eq!(errors[0].pointer, pointer, "{payload}: {errors:?}");
    }
    let unknown = engine.submit(NewTask::new("nothing", json!({}))).await;
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("the kinds are: puppet")
    );
}

#[tokio::test]
async fn a_unique_key_gives_back_the_unfinished_task_that_has_it() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewTask {
        unique_key: Some("only one".into()),
        ..puppet(json!({ "wait": true }))
    };
    let first = engine.submit(new.clone()).await.unwrap();
    let second = engine.submit(new.clone()).await.unwrap();
    assert!(!first.existing && second.existing);
    assert_eq!(first.task.id, second.task.id);
    until(&engine, first.task.id, State::Running).await;
    engine.cancel(first.task.id).await.unwrap();
    over(&engine, first.task.id).await;
    let third = engine.submit(new).await.unwrap();
    assert!(!third.existing);
    assert!(matches!(
        engine.retry(first.task.id).await,
        Err(Error::UniqueKeyTaken(taken)) if taken == third.task.id
    ));
}

#[tokio::test]
async fn lists_are_newest_first_filtered_and_paged() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let new = NewTask {
            tags: vec![format!("n{number}"), "all_of".into()],
            ..puppet(json!({ "print": format!("text {number}") }))
        };
        ids.push(submit(&engine, new).await);
    }
    for id in &ids {
        over(&engine, *id).await;
    }
    ids.reverse();
    let mut seen: Vec<TaskId> = Vec::new();
    let mut page = PageRequest {
        limit: Some(2),
        ..PageRequest::default()
    };
    let paging = async {
        loop {
            let found = engine.tasks(&TaskFilter::default(), &page).await.unwrap();
            seen.extend(found.tasks.iter().map(|task| task.id));
            page.cursor = found.next_cursor;
            if page.cursor.is_none() {
                break;
            }
        }
    };
    within("the last page", paging).await;
    assert_eq!(seen, ids);

    let count = async |filter: TaskFilter| {
        let page = PageRequest::default();
        engine.summaries(&filter, &page).await.unwrap().tasks.len()
    };
    let by_q = |q: &str| TaskFilter {
        q: Some(q.into()),
        ..TaskFilter::default()
    };
    assert_eq!(count(by_q("TEXT 3")).await, 1);
    assert_eq!(count(by_q("n4")).await, 1);
    assert_eq!(count(by_q("all%of")).await, 0);
    assert_eq!(count(by_q(&ids[0].to_string())).await, 1);
    let tagged = TaskFilter {
        tag: Some("all_of".into()),
        state: vec![State::Completed],
        kind: Some("puppet".into()),
        queue: Some("default".into()),
        q: None,
        ..TaskFilter::default()
    };
    assert_eq!(count(tagged).await, 5);
    let failed = TaskFilter {
        state: vec![State::Failed],
        ..TaskFilter::default()
    };
    assert_eq!(count(failed).await, 0);
    let stats = engine.stats().await.unwrap();
    assert_eq!(stats.tasks.completed, 5);
    assert_eq!(stats.since_start.completed, 5);
}

#[tokio::test]
async fn a_follower_that_comes_late_or_is_slow_misses_nothing() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = puppet(json!({ "lines": 5_000 }));
    let id = submit(&engine, new).await;
    let (one, other) = tokio::join!(log(&engine, id), log(&engine, id));
    assert_eq!(one, other);
    assert_eq!(output(&one).lines().count(), 5_000);
    assert_eq!(log(&engine, id).await, one);
}

#[tokio::test]
async fn a_batch_is_accepted_as_a_whole_or_not_at_all() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let good = || puppet(json!({}));
    let submitted = engine
        .submit_all(vec![good(), good()], &RequestContext::default())
        .await
        .unwrap();
    for one in submitted {
        assert_eq!(over(&engine, one.task.id).await.state, State::Completed);
    }
    let bad = NewTask::new("puppet", json!({ "lines": -1 }));
    let Err(Error::Invalid(errors)) = engine
        .submit_all(vec![good(), bad], &RequestContext::default())
        .await
    else {
        panic!("it was accepted");
    };
    assert_eq!(errors[0].pointer, "/tasks/1/payload/lines");
    assert!(
        engine
            .submit_all(Vec::new(), &RequestContext::default())
            .await
            .is_err()
    );
    assert!(
        engine
            .submit_all(vec![good(); 1_001], &RequestContext::default())
            .await
            .is_err()
    );
    let page = PageRequest::default();
    let all = engine.tasks(&TaskFilter::default(), &page).await.unwrap();
    assert_eq!(all.tasks.len(), 2);
}

#[tokio::test]
async fn many_tasks_are_cancelled_retried_and_deleted_by_filter() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let waiting = NewTask {
        delay_ms: Some(3_600_000),
        tags: vec!["many".into()],
        ..puppet(json!({}))
    };
    engine
        .submit_all(vec![waiting; 120], &RequestContext::default())
        .await
        .unwrap();
    let other = submit(&engine, puppet(json!({}))).await;
    over(&engine, other).await;
    let many = TaskFilter {
        tag: Some("many".into()),
        ..TaskFilter::default()
    };
    let change = async |action, matched, changed| {
        let outcome = engine.change_all(action, &many).await.unwrap();
        assert_eq!(outcome, BulkOutcome { matched, changed });
    };
    change(BulkAction::Delete, 120, 0).await;
    change(BulkAction::Cancel, 120, 120).await;
    change(BulkAction::Cancel, 120, 0).await;
    change(BulkAction::Delete, 120, 120).await;
    change(BulkAction::Delete, 0, 0).await;
    assert!(engine.task(other).await.is_ok());
}

#[tokio::test]
async fn a_change_of_many_tasks_goes_on_when_its_caller_goes_away() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let waiting = NewTask {
        delay_ms: Some(3_600_000),
        ..puppet(json!({}))
    };
    for _ in 0..2 {
        engine
            .submit_all(vec![waiting.clone(); 1_000], &RequestContext::default())
            .await
            .unwrap();
    }
    let all = TaskFilter::default();
    let mut change = Box::pin(engine.change_all(BulkAction::Cancel, &all));
    assert!(futures::poll!(change.as_mut()).is_pending());
    drop(change);
    eventually("2000 cancelled tasks", async || {
        (engine.stats().await.unwrap().tasks.cancelled == 2_000).then_some(())
    })
    .await;
}
