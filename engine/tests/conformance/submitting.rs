//! What is accepted, as what, and what is refused.

use glassworks_engine::Limits;
use glassworks_engine::store::{Accepted, Due, End, NewRow, Outcome, Refusal, Write};
use glassworks_protocol::{EventBody, JsonText, RetryPolicy, State, Task};

use crate::bench::Bench;
use crate::support::{
    ask, bodies, claim, commit, everything, finish, picture, row, row_at, row_with_key, running,
    state, submit, submit_all, task,
};

pub(crate) async fn a_task_reads_back_as_it_was_submitted(bench: Bench) {
    let due = bench.clock.ahead(5_000);
    let new = NewRow {
        kind: "some-kind".to_owned(),
        queue: "a.queue:1".to_owned(),
        payload: r#"{"b":18446744073709551616, "a":[1,0.12345678901234567890,"ü\u0000"]}"#
            .to_owned(),
        priority: 9,
        tags: vec!["one".to_owned(), "zwei, \"drei\"".to_owned()],
        max_attempts: 1_000,
        timeout_ms: 604_800_000,
        due: Due::At(due),
        retry: Some(RetryPolicy {
            initial_ms: 1,
            factor: 1.5,
            max_ms: 2,
        }),
        unique_key: Some("a key".to_owned()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        submitted_by: Some("ci".to_owned()),
        ..row()
    };
    let id = submit(&*bench, new.clone()).await;
    let payload = JsonText::parse(new.payload).unwrap();
    let expected = Task {
        queue: new.queue,
        state: State::Scheduled,
        priority: 9,
        tags: new.tags,
        max_attempts: 1_000,
        timeout_ms: 604_800_000,
        run_at: due,
        unique_key: new.unique_key,
        traceparent: new.traceparent,
        submitted_by: new.submitted_by,
        last_seq: 1,
        ..Task::queued(id, new.kind, payload, bench.clock.now())
    };
    assert_eq!(task(&*bench, id).await, expected);
    assert_eq!(everything(&*bench).await, [expected]);
}

pub(crate) async fn a_task_waits_for_its_moment_only_when_that_lies_ahead(bench: Bench) {
    let now = bench.clock.now();
    let later = now.plus_millis(1);
    for (due, expected, run_at) in [
        (Due::AtOnce, State::Queued, now),
        (Due::At(now.plus_millis(-1)), State::Queued, now),
        (Due::At(now), State::Queued, now),
        (Due::At(later), State::Scheduled, later),
        (Due::After(0), State::Queued, now),
        (Due::After(1), State::Scheduled, later),
    ] {
        let id = submit(&*bench, NewRow { due, ..row() }).await;
        let task = task(&*bench, id).await;
        assert_eq!((task.state, task.run_at), (expected, run_at));
        let told = EventBody::State {
            state: expected,
            reason: None,
            error: None,
            run_at: (expected == State::Scheduled).then_some(run_at),
        };
        assert_eq!(bodies(&*bench, id).await, [told]);
    }
}

pub(crate) async fn a_submit_wakes_the_dispatcher(bench: Bench) {
    for row in [row(), row_at(bench.clock.ahead(1_000))] {
        assert!(commit(&*bench, Write::Submit(vec![row])).await.wake);
    }
    submit(&*bench, row_with_key("k")).await;
    let again = Write::Submit(vec![row_with_key("k")]);
    assert!(!commit(&*bench, again).await.wake, "nothing new was stored");
}

pub(crate) async fn nothing_submitted_is_nothing_stored(bench: Bench) {
    assert!(submit_all(&*bench, Vec::new()).await.unwrap().is_empty());
    assert!(picture(&*bench).await.is_empty());
}

pub(crate) async fn a_unique_key_gives_the_unfinished_task_that_has_it(mut bench: Bench) {
    let rows = vec![row_with_key("a"), row_with_key("b"), row_with_key("a")];
    let first = rows[0].id;
    let accepted = submit_all(&*bench, rows).await.unwrap();
    assert!(
        matches!(
            &accepted[..],
            [Accepted::New(_), Accepted::New(_), Accepted::Existing(id)] if *id == first
        ),
        "{accepted:?}"
    );
    assert_eq!(everything(&*bench).await.len(), 2);
    bench.reopen().await;
    let accepted = submit_all(&*bench, vec![row_with_key("a")]).await.unwrap();
    assert!(matches!(accepted[..], [Accepted::Existing(id)] if id == first));
}

pub(crate) async fn a_unique_key_is_held_until_the_task_is_over(bench: Bench) {
    let ends = [
        Some(End::Completed(None)),
        Some(End::Stopped),
        Some(crate::support::failed(None)),
        None,
    ];
    for end in ends {
        let id = submit(&*bench, row_with_key("k")).await;
        let held = async || {
            let accepted = submit_all(&*bench, vec![row_with_key("k")]).await.unwrap();
            matches!(accepted[..], [Accepted::Existing(holder)] if holder == id)
        };
        assert!(held().await, "while it is queued");
        match end {
            Some(end) => {
                claim(&*bench, 1).await;
                assert!(held().await, "while it runs");
                let retry = crate::support::failed(Some(0));
                finish(&*bench, id, 1, retry).await.unwrap();
                assert!(held().await, "while it waits for its retry");
                claim(&*bench, 1).await;
                finish(&*bench, id, 2, end).await.unwrap();
            }
            None => {
                ask(&*bench, Write::Cancel(id)).await.unwrap();
            }
        }
        assert!(state(&*bench, id).await.is_final());
    }
}

pub(crate) async fn a_unique_key_is_passed_on_within_a_batch(bench: Bench) {
    let first = submit(&*bench, row_with_key("k")).await;
    let new = row_with_key("k");
    let second = new.id;
    let batch = vec![Write::Cancel(first), Write::Submit(vec![new])];
    let committed = bench.commit(batch).await.unwrap();
    assert!(
        matches!(
            &committed.outcomes[..],
            [Outcome::Changed(Ok(_)), Outcome::Submitted(Ok(accepted))]
                if matches!(&accepted[..], [Accepted::New(head)] if head.id == second)
        ),
        "{:?}",
        committed.outcomes
    );
    let batch = vec![Write::Cancel(second), Write::Retry(first)];
    let committed = bench.commit(batch).await.unwrap();
    assert!(
        matches!(
            &committed.outcomes[..],
            [Outcome::Changed(Ok(_)), Outcome::Changed(Ok(_))]
        ),
        "{:?}",
        committed.outcomes
    );
    assert_eq!(state(&*bench, first).await, State::Queued);
    assert_eq!(state(&*bench, second).await, State::Cancelled);
}

pub(crate) async fn a_submit_is_all_or_none_at_the_backlog(mut bench: Bench) {
    bench
        .limit(Limits {
            backlog: 3,
            ..Limits::default()
        })
        .await;
    let done = running(&*bench, row()).await;
    submit(&*bench, row_at(bench.clock.ahead(1_000))).await;
    let before = picture(&*bench).await;
    let refused = submit_all(&*bench, vec![row(), row()]).await;
    assert_eq!(refused.unwrap_err(), Refusal::BacklogFull(3));
    assert_eq!(picture(&*bench).await, before);

    submit_all(&*bench, vec![row()]).await.unwrap();
    let refused = submit_all(&*bench, vec![row()]).await;
    assert_eq!(refused.unwrap_err(), Refusal::BacklogFull(3));

    finish(&*bench, done, 1, End::Completed(None))
        .await
        .unwrap();
    submit_all(&*bench, vec![row()]).await.unwrap();
}

pub(crate) async fn a_submit_is_all_or_none_at_the_limit_of_queues(mut bench: Bench) {
    bench
        .limit(Limits {
            queues: 2,
            ..Limits::default()
        })
        .await;
    let named = |queue: &str| NewRow {
        queue: queue.to_owned(),
        ..row()
    };
    let gone = running(&*bench, named("a")).await;
    let before = picture(&*bench).await;
    let refused = submit_all(&*bench, vec![named("b"), named("a"), named("c")]).await;
    assert_eq!(refused.unwrap_err(), Refusal::TooManyQueues(2));
    assert_eq!(picture(&*bench).await, before);

    let rows = vec![named("b"), named("b"), named("a")];
    submit_all(&*bench, rows).await.unwrap();
    bench.reopen().await;
    let refused = submit_all(&*bench, vec![named("c")]).await;
    assert_eq!(refused.unwrap_err(), Refusal::TooManyQueues(2));

    // A name that no task has any more is free for another.
    let last = everything(&*bench).await[0].id;
    assert_eq!(task(&*bench, last).await.queue, "a");
    ask(&*bench, Write::Cancel(last)).await.unwrap();
    finish(&*bench, gone, 1, End::Stopped).await.unwrap();
    for id in [last, gone] {
        ask(&*bench, Write::Delete(id)).await.unwrap();
    }
    submit(&*bench, named("c")).await;
}

pub(crate) async fn a_name_is_free_as_soon_as_its_last_task_is_gone(mut bench: Bench) {
    bench
        .limit(Limits {
            queues: 1,
            ..Limits::default()
        })
        .await;
    let id = submit(&*bench, row()).await;
    ask(&*bench, Write::Cancel(id)).await.unwrap();
    let other = NewRow {
        queue: "other".to_owned(),
        ..row()
    };
    let batch = vec![Write::Delete(id), Write::Submit(vec![other])];
    let outcomes = bench.commit(batch).await.unwrap().outcomes;
    assert!(
        matches!(outcomes[1], Outcome::Submitted(Ok(_))),
        "{outcomes:?}"
    );
}

pub(crate) async fn a_lowered_limit_of_queues_closes_none_that_is_in_use(mut bench: Bench) {
    let named = |queue: &str| NewRow {
        queue: queue.to_owned(),
        ..row()
    };
    for queue in ["a", "b"] {
        submit(&*bench, named(queue)).await;
    }
    bench
        .limit(Limits {
            queues: 1,
            ..Limits::default()
        })
        .await;
    submit(&*bench, named("b")).await;
    let refused = submit_all(&*bench, vec![named("a"), named("c")]).await;
    assert_eq!(refused.unwrap_err(), Refusal::TooManyQueues(1));
}
