//! What people ask of a task: cancel, retry, delete; in each state it can be in.

use glassworks_engine::store::{Due, End, NewRow, Refusal, Write};
use glassworks_protocol::{EventBody, State, StateReason, TaskId};

use crate::bench::Bench;
use crate::support::{
    ask, bodies, claim, commit, failed, finish, picture, row, row_at, row_with_key, running, state,
    submit, submit_all, task,
};

/// A task in `state`, the only unfinished one.
async fn in_state(bench: &Bench, state: State) -> TaskId {
    let store = &**bench;
    let id = match state {
        State::Scheduled => submit(store, row_at(bench.clock.ahead(1_000))).await,
        State::Queued => submit(store, row()).await,
        State::Running => running(store, row()).await,
        State::Retrying => {
            let id = running(store, row()).await;
            let again = failed(Some(1_000));
            finish(store, id, 1, again).await.unwrap();
            id
        }
        State::Completed => {
            let id = running(store, row()).await;
            finish(store, id, 1, End::Completed(None)).await.unwrap();
            id
        }
        State::Failed => {
            let id = running(store, row()).await;
            finish(store, id, 1, failed(None)).await.unwrap();
            id
        }
        State::Cancelled => {
            let id = submit(store, row()).await;
            ask(store, Write::Cancel(id)).await.unwrap();
            id
        }
    };
    assert_eq!(crate::support::state(store, id).await, state);
    id
}

/// Puts the task out of the way of the next one.
async fn put_away(bench: &Bench, id: TaskId) {
    let store = &**bench;
    let Some(task) = store.task(id).await.unwrap() else {
        return;
    };
    if task.state == State::Running {
        let attempt = task.attempt;
        finish(store, id, attempt, End::Stopped).await.unwrap();
    } else if !task.state.is_final() {
        ask(store, Write::Cancel(id)).await.unwrap();
    }
}

type Request = fn(TaskId) -> Write;

pub(crate) async fn each_state_allows_what_its_table_says(bench: Bench) {
    use State::{Cancelled, Completed, Failed, Queued, Retrying, Running, Scheduled};
    let requests: [(&str, Request, &[State]); 3] = [
        (
            "cancel",
            Write::Cancel,
            &[Scheduled, Queued, Running, Retrying],
        ),
        (
            "retry",
            Write::Retry,
            &[Scheduled, Retrying, Failed, Cancelled],
        ),
        ("delete", Write::Delete, &[Completed, Failed, Cancelled]),
    ];
    for (name, request, allowed) in requests {
        for from in State::ALL {
            let id = in_state(&bench, from).await;
            let before = picture(&*bench).await;
            let committed = commit(&*bench, request(id)).await;
            let answer = match &committed.outcomes[..] {
                [glassworks_engine::store::Outcome::Changed(answer)] => answer.clone(),
                other => panic!("{name} was answered with {other:?}"),
            };
            if allowed.contains(&from) {
                let attempt = (name == "cancel" && from == Running).then_some(1);
                assert_eq!(answer, Ok(attempt), "{name} of a {from} task");
                assert_ne!(picture(&*bench).await, before);
            } else {
                assert_eq!(answer, Err(Refusal::State(from)), "{name} of a {from} task");
                assert!(committed.events.is_empty() && committed.deleted.is_empty());
                assert!(!committed.wake);
                assert_eq!(picture(&*bench).await, before, "{name} of a {from} task");
            }
            put_away(&bench, id).await;
        }
        let unknown = row().id;
        assert_eq!(
            ask(&*bench, request(unknown)).await,
            Err(Refusal::NotFound(unknown)),
            "{name}"
        );
    }
}

pub(crate) async fn cancelling_ends_a_waiting_task_at_once(bench: Bench) {
    for from in [State::Scheduled, State::Queued, State::Retrying] {
        let id = in_state(&bench, from).await;
        bench.clock.advance(3);
        ask(&*bench, Write::Cancel(id)).await.unwrap();
        let task = task(&*bench, id).await;
        assert_eq!(task.state, State::Cancelled, "{from}");
        assert!(task.cancel_requested);
        assert_eq!(task.finished_at, Some(bench.clock.now()));
        assert_eq!(
            bodies(&*bench, id).await.last(),
            Some(&EventBody::state(State::Cancelled))
        );
    }
    bench.clock.advance(10_000);
    assert!(claim(&*bench, 9).await.tasks.is_empty());
}

pub(crate) async fn cancelling_asks_a_running_task_once(bench: Bench) {
    let id = in_state(&bench, State::Running).await;
    assert_eq!(ask(&*bench, Write::Cancel(id)).await, Ok(Some(1)));
    let asked = task(&*bench, id).await;
    assert_eq!(
        (asked.state, asked.cancel_requested),
        (State::Running, true)
    );
    assert_eq!(asked.finished_at, None);
    assert_eq!(
        bodies(&*bench, id).await.last(),
        Some(&EventBody::State {
            state: State::Running,
            reason: Some(StateReason::CancelRequested),
            error: None,
            run_at: None,
        })
    );
    let before = picture(&*bench).await;
    assert_eq!(ask(&*bench, Write::Cancel(id)).await, Ok(Some(1)));
    assert_eq!(picture(&*bench).await, before, "asked already");
    assert_eq!(
        finish(&*bench, id, 1, End::Stopped).await,
        Ok(State::Cancelled)
    );
}

pub(crate) async fn a_retry_makes_a_task_due_now_with_all_attempts_before_it(bench: Bench) {
    for from in [
        State::Scheduled,
        State::Retrying,
        State::Failed,
        State::Cancelled,
    ] {
        let id = in_state(&bench, from).await;
        bench.clock.advance(5);
        let committed = commit(&*bench, Write::Retry(id)).await;
        assert!(committed.wake, "{from}");
        let again = task(&*bench, id).await;
        assert_eq!(again.state, State::Queued, "{from}");
        assert_eq!(again.run_at, bench.clock.now());
        assert_eq!((again.finished_at, again.cancel_requested), (None, false));
        assert_eq!(
            bodies(&*bench, id).await.last(),
            Some(&EventBody::State {
                state: State::Queued,
                reason: Some(StateReason::RetryRequested),
                error: None,
                run_at: None,
            })
        );
        let made = again.attempt;
        for counted in 1..=3 {
            let taken = claim(&*bench, 1).await.tasks.remove(0);
            assert_eq!(taken.attempt, made + counted);
            assert_eq!(taken.counted_attempts, counted);
            let again = failed(Some(0));
            let state = finish(&*bench, id, taken.attempt, again).await.unwrap();
            let last = counted == 3;
            assert_eq!(state == State::Failed, last, "{from}: {counted}");
        }
    }
}

pub(crate) async fn a_retry_is_refused_while_another_has_the_unique_key(bench: Bench) {
    let first = submit(&*bench, row_with_key("k")).await;
    ask(&*bench, Write::Cancel(first)).await.unwrap();
    let second = submit(&*bench, row_with_key("k")).await;
    let before = picture(&*bench).await;
    let refused = ask(&*bench, Write::Retry(first)).await;
    assert_eq!(refused, Err(Refusal::KeyTaken(second)));
    assert_eq!(picture(&*bench).await, before);

    ask(&*bench, Write::Cancel(second)).await.unwrap();
    ask(&*bench, Write::Retry(first)).await.unwrap();
    let accepted = submit_all(&*bench, vec![row_with_key("k")]).await.unwrap();
    assert!(
        matches!(accepted[..], [glassworks_engine::store::Accepted::Existing(id)] if id == first)
    );
    // A task that waits itself holds its key, and can be retried.
    let scheduled = NewRow {
        due: Due::After(1_000),
        ..row_with_key("other")
    };
    let scheduled = submit(&*bench, scheduled).await;
    ask(&*bench, Write::Retry(scheduled)).await.unwrap();
    assert_eq!(state(&*bench, scheduled).await, State::Queued);
}

pub(crate) async fn what_is_deleted_leaves_nothing(mut bench: Bench) {
    let keep = submit(&*bench, row()).await;
    ask(&*bench, Write::Cancel(keep)).await.unwrap();
    let before = picture(&*bench).await;
    let new = NewRow {
        tags: vec!["tag".to_owned()],
        ..row_with_key("k")
    };
    let id = running(&*bench, new).await;
    let again = failed(Some(0));
    finish(&*bench, id, 1, again).await.unwrap();
    claim(&*bench, 1).await;
    let end = End::Completed(Some("1".to_owned()));
    finish(&*bench, id, 2, end).await.unwrap();
    let committed = commit(&*bench, Write::Delete(id)).await;
    assert_eq!(committed.deleted, [id]);
    assert!(committed.events.is_empty());
    assert_eq!(bench.task(id).await.unwrap(), None);
    assert!(bench.events(id, 0, 9, u64::MAX).await.unwrap().is_none());
    assert_eq!(picture(&*bench).await, before);

    // What comes after it, even in its place, has nothing of it.
    bench.reopen().await;
    let next = submit(&*bench, row()).await;
    let next = task(&*bench, next).await;
    assert_eq!((next.error, next.result, next.last_seq), (None, None, 1));
}
