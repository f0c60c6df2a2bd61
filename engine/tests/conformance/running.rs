//! What a running attempt may write, how it ends, and that a lost one is fenced off.

use glassworks_engine::store::{End, Lost, NewRow, Outcome, Refusal, Write};
use glassworks_protocol::{EventBody, Failure, JsonText, Progress, State, StateReason};
use serde_json::{Map, json};

use crate::bench::Bench;
use crate::support::{
    ask, bodies, claim, commit, every_end, failed, finish, log, output, picture, postponed,
    progress, record, rescue, row, running, submit, task,
};

/// A change of state as it is told when an attempt failed.
fn told(state: State, reason: Option<StateReason>, error: Option<&str>) -> EventBody {
    EventBody::State {
        state,
        reason,
        error: error.map(str::to_owned),
        run_at: None,
    }
}

pub(crate) async fn what_an_attempt_records_is_kept_in_order(bench: Bench) {
    let id = running(&*bench, row()).await;
    let mut attributes = Map::new();
    attributes.insert("bytes".to_owned(), json!(12));
    let span = EventBody::Span {
        name: "fetch".to_owned(),
        track: "a".to_owned(),
        start_ms: 0.25,
        end_ms: 3.5,
        attributes,
    };
    let half = EventBody::Progress {
        fraction: 0.5,
        message: Some("half way".to_owned()),
    };
    let first = vec![output("a\n"), half.clone(), span.clone()];
    record(&*bench, id, 1, first).await.unwrap();
    bench.clock.advance(3);
    let second = vec![progress(0.25), output("ü\0🦀")];
    record(&*bench, id, 1, second).await.unwrap();
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [output("a\n"), half, span, progress(0.25), output("ü\0🦀")]
    );
    let log = log(&*bench, id).await.unwrap();
    assert!(log[1..].iter().all(|event| event.attempt == 1));
    assert_eq!(log[6].at, bench.clock.now());
    let latest = Progress {
        fraction: 0.25,
        message: None,
    };
    assert_eq!(task(&*bench, id).await.progress, Some(latest));
}

pub(crate) async fn progress_is_of_the_latest_attempt(bench: Bench) {
    let id = running(&*bench, row()).await;
    record(&*bench, id, 1, vec![progress(0.9)]).await.unwrap();
    let again = failed(Some(0));
    finish(&*bench, id, 1, again).await.unwrap();
    assert!(task(&*bench, id).await.progress.is_some());
    claim(&*bench, 1).await;
    assert_eq!(task(&*bench, id).await.progress, None);
}

pub(crate) async fn an_attempt_that_succeeds_completes_its_task(bench: Bench) {
    for (result, stored) in [
        (None, None),
        (Some(r#"{"a":[1]}"#), Some(json!({ "a": [1] }))),
    ] {
        let id = running(&*bench, row()).await;
        bench.clock.advance(7);
        let write = Write::Finish {
            task: id,
            attempt: 1,
            entries: vec![output("last words"), progress(1.0)],
            end: End::Completed(result.map(str::to_owned)),
        };
        let committed = commit(&*bench, write).await;
        assert!(matches!(
            committed.outcomes[..],
            [Outcome::Finished(Ok(State::Completed))]
        ));
        assert!(!committed.wake, "there is nothing more to do");
        let task = task(&*bench, id).await;
        assert_eq!(task.state, State::Completed);
        assert_eq!(task.result, stored.map(JsonText::from));
        assert_eq!(task.finished_at, Some(bench.clock.now()));
        let whole = Progress {
            fraction: 1.0,
            message: None,
        };
        assert_eq!(task.progress, Some(whole));
        assert_eq!((task.error, task.errors), (None, Vec::new()));
        assert_eq!(
            bodies(&*bench, id).await[2..],
            [
                output("last words"),
                progress(1.0),
                EventBody::state(State::Completed)
            ]
        );
    }
}

pub(crate) async fn a_failed_attempt_is_followed_by_another_until_none_is_left(bench: Bench) {
    let new = NewRow {
        max_attempts: 2,
        ..row()
    };
    let id = running(&*bench, new).await;
    bench.clock.advance(10);
    let again = bench.clock.ahead(1_000);
    let first = Failure {
        message: "it failed".to_owned(),
        attempt: 1,
        at: bench.clock.now(),
        ran_ms: 7,
    };
    let write = crate::support::finish_write(id, 1, failed(Some(1_000)));
    assert!(commit(&*bench, write).await.wake, "there is a new due time");
    let waiting = task(&*bench, id).await;
    assert_eq!((waiting.state, waiting.run_at), (State::Retrying, again));
    assert_eq!(waiting.finished_at, None);
    assert_eq!(waiting.error, Some(first.clone()));
    assert_eq!(
        bodies(&*bench, id).await[2],
        EventBody::State {
            state: State::Retrying,
            reason: None,
            error: Some("it failed".to_owned()),
            run_at: Some(again),
        }
    );

    bench.clock.advance(1_000);
    let second_claim = claim(&*bench, 1).await;
    assert_eq!(second_claim.tasks[0].counted_attempts, 2);
    let again = failed(Some(1_000));
    assert_eq!(finish(&*bench, id, 2, again).await, Ok(State::Failed));
    let over = task(&*bench, id).await;
    assert_eq!(over.finished_at, Some(bench.clock.now()));
    let second = Failure {
        attempt: 2,
        at: bench.clock.now(),
        ..first.clone()
    };
    assert_eq!(over.error.as_ref(), Some(&second));
    assert_eq!(over.errors, [first, second]);
}

pub(crate) async fn an_attempt_can_fail_for_good(bench: Bench) {
    let id = running(&*bench, row()).await;
    assert_eq!(
        finish(&*bench, id, 1, failed(None)).await,
        Ok(State::Failed)
    );
    assert_eq!(
        bodies(&*bench, id).await.last(),
        Some(&told(State::Failed, None, Some("it failed")))
    );
}

pub(crate) async fn a_released_attempt_does_not_count(bench: Bench) {
    let new = NewRow {
        max_attempts: 1,
        ..row()
    };
    let id = running(&*bench, new).await;
    for attempt in 1..=3 {
        bench.clock.advance(5);
        let write = crate::support::finish_write(id, attempt, End::Released);
        let committed = commit(&*bench, write).await;
        assert!(matches!(
            committed.outcomes[..],
            [Outcome::Finished(Ok(State::Queued))]
        ));
        assert!(committed.wake);
        assert_eq!(
            bodies(&*bench, id).await.last(),
            Some(&told(State::Queued, Some(StateReason::Released), None))
        );
        assert_eq!(task(&*bench, id).await.run_at, bench.clock.now());
        let taken = claim(&*bench, 1).await.tasks.remove(0);
        assert_eq!((taken.attempt, taken.counted_attempts), (attempt + 1, 1));
    }
    let again = failed(Some(0));
    assert_eq!(finish(&*bench, id, 4, again).await, Ok(State::Failed));
    assert_eq!(task(&*bench, id).await.errors.len(), 1);
}

pub(crate) async fn a_postponed_attempt_does_not_count_and_says_why(bench: Bench) {
    let new = NewRow {
        max_attempts: 1,
        ..row()
    };
    let id = running(&*bench, new).await;
    for attempt in 1..=3 {
        let end = finish(&*bench, id, attempt, postponed(1_000)).await;
        assert_eq!(end, Ok(State::Retrying));
        let waiting = task(&*bench, id).await;
        assert_eq!(waiting.run_at, bench.clock.now().plus_millis(1_000));
        assert_eq!(waiting.error.unwrap().message, "it was not there");
        let told = bodies(&*bench, id).await.pop();
        let Some(EventBody::State { state, error, .. }) = told else {
            panic!("its end is not told: {told:?}");
        };
        assert_eq!(state, State::Retrying);
        assert_eq!(error.as_deref(), Some("it was not there"));
        bench.clock.advance(1_000);
        let taken = claim(&*bench, 1).await.tasks.remove(0);
        assert_eq!((taken.attempt, taken.counted_attempts), (attempt + 1, 1));
    }
}

pub(crate) async fn an_attempt_that_was_asked_to_stop_is_not_followed_by_another(bench: Bench) {
    let now = bench.clock.now();
    for (name, end) in every_end(0) {
        let id = running(&*bench, row()).await;
        ask(&*bench, Write::Cancel(id)).await.unwrap();
        let state = finish(&*bench, id, 1, end).await.unwrap();
        let expected = match name {
            "completed" => State::Completed,
            "failed for good" => State::Failed,
            _ => State::Cancelled,
        };
        assert_eq!(state, expected, "{name}");
        let task = task(&*bench, id).await;
        assert_eq!(task.finished_at, Some(now), "{name}");
        let failures = usize::from(name.starts_with("failed") || name == "postponed");
        assert_eq!(task.errors.len(), failures, "{name}: a failure is kept");
    }
}

/// Neither a record nor any end of `attempt` is accepted, and nothing of it is kept.
async fn is_fenced(bench: &Bench, id: glassworks_protocol::TaskId, attempt: u32, when: &str) {
    let before = picture(&**bench).await;
    let entries = || vec![output("too late"), progress(0.75)];
    let recorded = record(&**bench, id, attempt, entries()).await;
    assert_eq!(recorded, Err(Refusal::Fenced), "record {when}");
    for (name, end) in every_end(0) {
        let write = Write::Finish {
            task: id,
            attempt,
            entries: entries(),
            end,
        };
        let committed = commit(&**bench, write).await;
        assert!(
            matches!(
                committed.outcomes[..],
                [Outcome::Finished(Err(Refusal::Fenced))]
            ),
            "{name} {when}: {committed:?}"
        );
        assert!(committed.events.is_empty() && !committed.wake);
    }
    assert_eq!(picture(&**bench).await, before, "{when}");
}

pub(crate) async fn only_the_running_attempt_may_write(bench: Bench) {
    let unknown = row().id;
    is_fenced(&bench, unknown, 1, "when there is no such task").await;
    let id = submit(&*bench, row()).await;
    for attempt in [0, 1] {
        is_fenced(&bench, id, attempt, "before the first claim").await;
    }
    claim(&*bench, 1).await;
    for attempt in [0, 2, u32::MAX] {
        is_fenced(&bench, id, attempt, "while attempt 1 runs").await;
    }
    let again = failed(Some(1));
    finish(&*bench, id, 1, again).await.unwrap();
    for attempt in [1, 2] {
        is_fenced(&bench, id, attempt, "while it waits for its retry").await;
    }
    bench.clock.advance(1);
    claim(&*bench, 1).await;
    is_fenced(&bench, id, 1, "while attempt 2 runs").await;
    assert_eq!(rescue(&*bench, Lost::All, 1).await, 1);
    is_fenced(&bench, id, 2, "after a rescue").await;
    claim(&*bench, 1).await;
    is_fenced(&bench, id, 2, "while attempt 3 runs").await;
    finish(&*bench, id, 3, End::Completed(None)).await.unwrap();
    is_fenced(&bench, id, 3, "after its end").await;
    ask(&*bench, Write::Delete(id)).await.unwrap();
    is_fenced(&bench, id, 3, "after it was deleted").await;
}

pub(crate) async fn an_attempt_is_fenced_after_each_end(bench: Bench) {
    for (name, end) in every_end(1_000) {
        let id = running(&*bench, row()).await;
        finish(&*bench, id, 1, end).await.unwrap();
        is_fenced(&bench, id, 1, name).await;
        if !task(&*bench, id).await.state.is_final() {
            ask(&*bench, Write::Cancel(id)).await.unwrap();
        }
    }
}

pub(crate) async fn an_attempt_goes_on_when_the_store_is_reopened(mut bench: Bench) {
    let id = running(&*bench, row()).await;
    record(&*bench, id, 1, vec![output("before")])
        .await
        .unwrap();
    let before = picture(&*bench).await;
    bench.reopen().await;
    assert_eq!(picture(&*bench).await, before);
    record(&*bench, id, 1, vec![output("after")]).await.unwrap();
    finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
    assert_eq!(bodies(&*bench, id).await.len(), 5);
}
