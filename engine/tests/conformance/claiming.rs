//! Which tasks a claim takes, in which order, and what it says of the rest.

use glassworks_engine::store::{Claim, Due, NewRow, Served, Write};
use glassworks_protocol::{EventBody, RetryPolicy, State, StateReason, TaskId, Timestamp};
use serde_json::json;

use crate::bench::Bench;
use crate::support::{
    LEASE_MS, NODE, ask, bodies, claim, claim_for, commit, expired, failed, finish, picture,
    rescue, row, row_at, running, served, state, submit, submit_all, taken, task,
};

pub(crate) async fn priority_then_due_time_then_id_decide_across_queues(bench: Bench) {
    let now = bench.clock.now();
    // Each: its place in the order, then what decides it.
    let plan = [
        (5, 5, 0, "b"),
        (2, 1, 0, "a"),
        (6, 5, 0, "a"),
        (0, 0, 0, "c"),
        (4, 5, -10, "c"),
        (8, 9, -99, "a"),
        (3, 1, 0, "b"),
        (1, 1, -1, "b"),
        (7, 5, 0, "b"),
    ];
    let mut expected: Vec<(usize, TaskId)> = Vec::new();
    let mut rows = Vec::new();
    for (place, priority, due, queue) in plan {
        let row = NewRow {
            priority,
            due: Due::At(now.plus_millis(due + 100)),
            queue: queue.to_owned(),
            ..row()
        };
        expected.push((place, row.id));
        rows.push(row);
    }
    submit_all(&*bench, rows).await.unwrap();
    bench.clock.advance(100);
    expected.sort_unstable();
    let expected: Vec<TaskId> = expected.into_iter().map(|(_, id)| id).collect();

    let first = claim(&*bench, 4).await;
    assert_eq!((first.ids(), first.more), (expected[..4].to_vec(), true));
    let second = claim(&*bench, 5).await;
    assert_eq!((second.ids(), second.more), (expected[4..].to_vec(), false));
    let third = claim(&*bench, 9).await;
    assert_eq!((third.ids(), third.more), (Vec::new(), false));
}

pub(crate) async fn a_claim_says_what_its_run_needs(bench: Bench) {
    let retry = RetryPolicy {
        initial_ms: 5,
        factor: 2.0,
        max_ms: 50,
    };
    let new = NewRow {
        kind: "some-kind".to_owned(),
        payload: r#"{"a": 1}"#.to_owned(),
        timeout_ms: 1_234,
        retry: Some(retry),
        ..row()
    };
    let id = submit(&*bench, new).await;
    let due = bench.clock.now();
    bench.clock.advance(40);
    let taken = claim(&*bench, 1).await.tasks.remove(0);
    assert_eq!(taken.run_at, due);
    assert_eq!((taken.id, taken.kind.as_str()), (id, "some-kind"));
    let payload: serde_json::Value = serde_json::from_str(&taken.payload).unwrap();
    assert_eq!(payload, json!({ "a": 1 }));
    assert_eq!((taken.attempt, taken.counted_attempts), (1, 1));
    assert_eq!((taken.timeout_ms, taken.retry), (1_234, Some(retry)));

    let task = task(&*bench, id).await;
    assert_eq!((task.state, task.attempt), (State::Running, 1));
    assert_eq!(task.node.as_deref(), Some(NODE));
    assert_eq!(task.started_at, Some(bench.clock.now()));
    let expected = [State::Queued, State::Running].map(EventBody::state);
    assert_eq!(bodies(&*bench, id).await, expected);
}

pub(crate) async fn a_task_is_taken_from_its_moment_on_and_not_before(bench: Bench) {
    let due = bench.clock.ahead(1_000);
    let id = submit(&*bench, row_at(due)).await;
    let later = submit(&*bench, row_at(due.plus_millis(1))).await;
    let early = claim(&*bench, 9).await;
    assert_eq!((early.ids(), early.next_due), (Vec::new(), Some(due)));
    bench.clock.advance(999);
    assert!(claim(&*bench, 9).await.tasks.is_empty());
    bench.clock.advance(1);
    let taken = claim(&*bench, 9).await;
    assert_eq!(taken.ids(), [id]);
    assert_eq!(
        (taken.next_due, taken.more),
        (Some(due.plus_millis(1)), false)
    );
    assert_eq!(
        bodies(&*bench, id).await[1],
        EventBody::State {
            state: State::Queued,
            reason: Some(StateReason::Due),
            error: None,
            run_at: None,
        }
    );
    bench.clock.advance(1);
    let taken = claim(&*bench, 9).await;
    assert_eq!((taken.ids(), taken.next_due), (vec![later], None));
}

pub(crate) async fn a_retry_waits_for_its_moment(bench: Bench) {
    let id = running(&*bench, row()).await;
    let again = bench.clock.ahead(500);
    finish(&*bench, id, 1, failed(Some(500))).await.unwrap();
    let early = claim(&*bench, 9).await;
    assert_eq!((early.ids(), early.next_due), (Vec::new(), Some(again)));
    bench.clock.advance(500);
    let taken = claim(&*bench, 9).await;
    assert_eq!((taken.ids(), taken.next_due), (vec![id], None));
    assert_eq!(taken.tasks[0].attempt, 2);
}

pub(crate) async fn what_was_scheduled_keeps_its_place_by_due_time(bench: Bench) {
    let now = bench.clock.now();
    let second = submit(&*bench, row_at(now.plus_millis(20))).await;
    let first = submit(&*bench, row_at(now.plus_millis(10))).await;
    bench.clock.advance(30);
    let third = submit(&*bench, row()).await;
    assert_eq!(claim(&*bench, 9).await.ids(), [first, second, third]);
}

pub(crate) async fn without_room_a_claim_takes_nothing_but_says_what_waits(bench: Bench) {
    assert!(!claim(&*bench, 0).await.more);
    let due = bench.clock.ahead(10);
    let scheduled = submit(&*bench, row_at(due)).await;
    let none = claim(&*bench, 0).await;
    assert_eq!((none.more, none.next_due), (false, Some(due)));
    bench.clock.advance(10);
    let none = claim(&*bench, 0).await;
    assert!(none.tasks.is_empty() && none.more);
    assert_eq!(task(&*bench, scheduled).await.state, State::Queued);
}

pub(crate) async fn each_task_is_given_to_one_claim_of_a_batch(bench: Bench) {
    let rows: Vec<NewRow> = (0..5).map(|_| row()).collect();
    let ids: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
    let batch = vec![
        claim_for("x", 9),
        Write::Submit(rows),
        claim_for("x", 2),
        claim_for("y", 9),
    ];
    let mut outcomes = bench.commit(batch).await.unwrap().outcomes.into_iter();
    assert!(taken(outcomes.next().unwrap()).tasks.is_empty());
    outcomes.next();
    let x = taken(outcomes.next().unwrap());
    assert_eq!((x.ids(), x.more), (ids[..2].to_vec(), true));
    let y = taken(outcomes.next().unwrap());
    assert_eq!((y.ids(), y.more), (ids[2..].to_vec(), false));
    for (index, id) in ids.iter().enumerate() {
        let node = if index < 2 { "x" } else { "y" };
        assert_eq!(task(&*bench, *id).await.node.as_deref(), Some(node));
    }
    picture(&*bench).await;
}

pub(crate) async fn only_queued_tasks_are_taken(bench: Bench) {
    let run = running(&*bench, row()).await;
    let cancelled = submit(&*bench, row()).await;
    ask(&*bench, Write::Cancel(cancelled)).await.unwrap();
    submit(&*bench, row_at(bench.clock.ahead(1))).await;
    let before = picture(&*bench).await;
    assert!(claim(&*bench, 9).await.tasks.is_empty());
    assert_eq!(picture(&*bench).await, before);
    assert_eq!(task(&*bench, run).await.attempt, 1);
}

pub(crate) async fn more_than_a_claim_promotes_at_a_time_still_all_run(bench: Bench) {
    let due = bench.clock.ahead(1);
    let rows: Vec<NewRow> = (0..1_500).map(|_| row_at(due)).collect();
    let mut expected: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
    submit_all(&*bench, rows).await.unwrap();
    bench.clock.advance(1);
    let mut ids = Vec::new();
    loop {
        let taken = claim(&*bench, 700).await;
        ids.extend(taken.ids());
        if !taken.more {
            assert_eq!(taken.next_due, None);
            break;
        }
    }
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
}

pub(crate) async fn a_lease_begins_with_the_claim(bench: Bench) {
    submit(&*bench, row()).await;
    commit(&*bench, claim_for(NODE, 1)).await;
    let lease = i64::try_from(LEASE_MS).unwrap();
    bench.clock.advance(lease);
    assert_eq!(rescue(&*bench, expired(), 9).await, 0);
    bench.clock.advance(1);
    assert_eq!(rescue(&*bench, expired(), 9).await, 1);
}

pub(crate) async fn a_moment_that_has_passed_is_not_before_those_who_came_earlier(bench: Bench) {
    let first = submit(&*bench, row()).await;
    bench.clock.advance(5);
    let second = submit(&*bench, row_at(Timestamp::from_millis(-62_135_596_800_000))).await;
    assert_eq!(
        bench.oldest_waiting().await.unwrap(),
        Some(bench.clock.ahead(-5))
    );
    assert_eq!(claim(&*bench, 9).await.ids(), [first, second]);
}

pub(crate) async fn a_kind_that_the_node_cannot_run_waits(bench: Bench) {
    let other = NewRow {
        kind: "elsewhere".to_owned(),
        priority: 0,
        ..row()
    };
    let other = submit(&*bench, other).await;
    let mine = submit(&*bench, row()).await;
    let first = claim(&*bench, 9).await;
    assert_eq!(
        (first.ids(), first.more, first.next_due),
        (vec![mine], false, None)
    );
    assert_eq!(state(&*bench, other).await, State::Queued);
    let write = Write::Claim(Claim {
        node: NODE.to_owned(),
        served: Served {
            kinds: ["elsewhere".to_owned()].into(),
            ..served()
        },
        room: 9,
        lease_ms: LEASE_MS,
        remote: None,
    });
    assert_eq!(taken_by(&bench, write).await, [other]);
    // In the batch that accepts it, too.
    let both = [
        NewRow {
            kind: "elsewhere".to_owned(),
            ..row()
        },
        row(),
    ];
    let second = both[1].id;
    let batch = vec![Write::Submit(both.to_vec()), claim_for(NODE, 9)];
    let outcomes = bench.commit(batch).await.unwrap().outcomes;
    let claimed = taken(outcomes.into_iter().nth(1).unwrap());
    assert_eq!(claimed.ids(), [second]);
}

pub(crate) async fn a_queue_that_the_node_does_not_serve_waits(bench: Bench) {
    let of = |queue: &str| NewRow {
        queue: queue.to_owned(),
        ..row()
    };
    let other = submit(&*bench, of("other")).await;
    let mine = submit(&*bench, of("mine")).await;
    let claim_of = |queue: &str| {
        Write::Claim(Claim {
            node: NODE.to_owned(),
            served: Served {
                queues: Some([queue.to_owned()].into()),
                ..served()
            },
            room: 9,
            lease_ms: LEASE_MS,
            remote: None,
        })
    };
    assert_eq!(taken_by(&bench, claim_of("mine")).await, [mine]);
    assert_eq!(taken_by(&bench, claim_of("nobody's")).await, []);
    // In the batch that accepts it, too.
    let both = [of("other"), of("mine")];
    let second = both[1].id;
    let batch = vec![Write::Submit(both.to_vec()), claim_of("mine")];
    let outcomes = bench.commit(batch).await.unwrap().outcomes;
    let claimed = taken(outcomes.into_iter().nth(1).unwrap());
    assert_eq!(claimed.ids(), [second]);
    assert_eq!(state(&*bench, other).await, State::Queued);
}

async fn taken_by(bench: &Bench, claim: Write) -> Vec<TaskId> {
    let outcomes = commit(&**bench, claim).await.outcomes;
    taken(outcomes.into_iter().next().unwrap()).ids()
}

pub(crate) async fn a_clock_that_was_set_back_makes_nobody_wait_longer(bench: Bench) {
    const HOUR: i64 = 3_600_000;
    let delayed = NewRow {
        due: Due::After(2_000),
        ..row()
    };
    let delayed = submit(&*bench, delayed).await;
    let named = submit(&*bench, row_at(bench.clock.ahead(2_000))).await;
    let retried = running(&*bench, row()).await;
    finish(&*bench, retried, 1, failed(Some(4_000)))
        .await
        .unwrap();
    bench.clock.advance(-HOUR);
    let taken = claim(&*bench, 9).await;
    assert_eq!(
        (taken.ids(), taken.next_due),
        (vec![], Some(bench.clock.ahead(2_000)))
    );
    assert_eq!(
        bodies(&*bench, retried).await.last(),
        Some(&EventBody::State {
            state: State::Retrying,
            reason: Some(StateReason::ClockSet),
            error: None,
            run_at: Some(bench.clock.ahead(4_000)),
        })
    );
    bench.clock.advance(2_000);
    assert_eq!(claim(&*bench, 9).await.ids(), [delayed]);
    bench.clock.advance(2_000);
    assert_eq!(claim(&*bench, 9).await.ids(), [retried]);
    assert_eq!(
        state(&*bench, named).await,
        State::Scheduled,
        "somebody named its moment"
    );
    bench.clock.advance(HOUR);
    assert_eq!(claim(&*bench, 9).await.ids(), [named]);
}
