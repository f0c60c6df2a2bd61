//! Leases: renewed by the node that holds them, taken back by anybody once they have expired.

use glassworks_engine::store::{End, Lost, NewRow, RenewedLease, Write};
use glassworks_protocol::{EventBody, State, StateReason, TaskId};

use crate::bench::Bench;
use crate::support::{
    LEASE_MS, ask, bodies, claim, claim_for, commit, expired, picture, renew, rescue, row, running,
    state, submit, task,
};

/// Submits a task and has `node` claim it.
async fn running_on(bench: &Bench, node: &str) -> TaskId {
    let id = submit(&**bench, row()).await;
    commit(&**bench, claim_for(node, 1)).await;
    id
}

pub(crate) async fn a_node_renews_the_attempts_it_names_and_nothing_else(bench: Bench) {
    let mine = [running_on(&bench, "x").await, running_on(&bench, "x").await];
    let other = running_on(&bench, "y").await;
    let over = running_on(&bench, "x").await;
    crate::support::finish(&*bench, over, 1, End::Completed(None))
        .await
        .unwrap();
    let waiting = submit(&*bench, row()).await;
    ask(&*bench, Write::Cancel(mine[1])).await.unwrap();
    let before = picture(&*bench).await;

    let gone = TaskId(uuid::Uuid::now_v7());
    let named = [
        (mine[0], 1),
        (mine[1], 1),
        (mine[0], 2),
        (over, 1),
        (waiting, 0),
        (gone, 1),
    ];
    let mut leases = renew(&*bench, &named, 1_000_000).await;
    leases.sort_by_key(|lease| lease.id);
    let expected = [(mine[0], false), (mine[1], true)].map(|(id, cancel_requested)| RenewedLease {
        id,
        attempt: 1,
        cancel_requested,
    });
    assert_eq!(leases, expected);
    assert_eq!(picture(&*bench).await, before, "a renewal leaves no event");

    bench.clock.advance(1_000_000);
    assert_eq!(rescue(&*bench, expired(), 9).await, 1);
    assert_eq!(state(&*bench, other).await, State::Queued);
    assert_eq!(state(&*bench, mine[0]).await, State::Running);
    assert!(renew(&*bench, &[], 1_000_000).await.is_empty());
}

pub(crate) async fn a_renewed_lease_holds_through_what_the_attempt_writes(mut bench: Bench) {
    let id = running(&*bench, row()).await;
    renew(&*bench, &[(id, 1)], 1_000_000).await;
    let entries = vec![crate::support::output("x")];
    crate::support::record(&*bench, id, 1, entries)
        .await
        .unwrap();
    ask(&*bench, Write::Cancel(id)).await.unwrap();
    bench.clock.advance(1_000_000);
    assert_eq!(rescue(&*bench, expired(), 9).await, 0);
    bench.reopen().await;
    assert_eq!(rescue(&*bench, expired(), 9).await, 0);
    bench.clock.advance(1);
    assert_eq!(rescue(&*bench, expired(), 9).await, 1);
}

pub(crate) async fn a_lost_attempt_is_followed_by_another_until_none_is_left(bench: Bench) {
    let new = NewRow {
        max_attempts: 2,
        ..row()
    };
    let id = running(&*bench, new).await;
    bench.clock.advance(60_000);
    let write = Write::Rescue {
        lost: expired(),
        limit: 9,
    };
    assert!(commit(&*bench, write).await.wake);
    let lost = task(&*bench, id).await;
    assert_eq!(
        (lost.state, lost.run_at),
        (State::Queued, bench.clock.now())
    );
    let failure = lost.error.unwrap();
    assert_eq!(failure.message, "the node node-1 was silent for 60 s");
    assert_eq!((failure.attempt, failure.ran_ms), (1, 60_000));
    assert_eq!(failure.at, bench.clock.now());
    assert_eq!(
        bodies(&*bench, id).await.last(),
        Some(&EventBody::State {
            state: State::Queued,
            reason: Some(StateReason::LeaseExpired),
            error: Some(failure.message),
            run_at: None,
        })
    );

    assert_eq!(claim(&*bench, 1).await.tasks[0].attempt, 2);
    bench.clock.advance(60_000);
    assert_eq!(rescue(&*bench, expired(), 9).await, 1);
    let over = task(&*bench, id).await;
    assert_eq!(over.state, State::Failed);
    assert_eq!(over.finished_at, Some(bench.clock.now()));
    assert_eq!(over.errors.len(), 2);
}

pub(crate) async fn a_lost_attempt_that_was_asked_to_stop_has_stopped(bench: Bench) {
    let id = running(&*bench, row()).await;
    ask(&*bench, Write::Cancel(id)).await.unwrap();
    assert_eq!(rescue(&*bench, Lost::All, 1).await, 1);
    let task = task(&*bench, id).await;
    assert_eq!(task.state, State::Cancelled);
    assert_eq!(task.finished_at, Some(bench.clock.now()));
    assert_eq!(task.errors.len(), 1);
}

pub(crate) async fn what_expired_first_is_taken_back_first(bench: Bench) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(running(&*bench, row()).await);
        bench.clock.advance(10);
    }
    bench.clock.advance(60_000);
    assert_eq!(rescue(&*bench, expired(), 0).await, 0);
    for taken in 1..=3 {
        assert_eq!(rescue(&*bench, expired(), 1).await, 1);
        for (index, id) in ids.iter().enumerate() {
            let expected = if index < taken {
                State::Queued
            } else {
                State::Running
            };
            assert_eq!(state(&*bench, *id).await, expected);
        }
    }
    assert_eq!(rescue(&*bench, expired(), 1).await, 0);
}

pub(crate) async fn all_can_be_taken_back_at_a_start(mut bench: Bench) {
    let ids = [running_on(&bench, "x").await, running_on(&bench, "y").await];
    let waiting = submit(&*bench, row()).await;
    bench.reopen().await;
    assert_eq!(rescue(&*bench, Lost::All, 1).await, 1);
    assert_eq!(rescue(&*bench, Lost::All, 9).await, 1);
    assert_eq!(rescue(&*bench, Lost::All, 9).await, 0);
    for id in ids {
        let task = task(&*bench, id).await;
        assert_eq!((task.state, task.errors.len()), (State::Queued, 1));
    }
    assert_eq!(task(&*bench, waiting).await.errors, []);
    let mut again = claim(&*bench, 9).await.ids();
    again.sort_unstable();
    assert_eq!(again, [ids[0], ids[1], waiting]);
}

pub(crate) async fn a_node_never_takes_back_what_it_is_making(bench: Bench) {
    let mine = running_on(&bench, "x").await;
    let other = running_on(&bench, "y").await;
    bench.clock.advance(60_000);
    let lost = Lost::Expired {
        lease_ms: LEASE_MS,
        held: vec![(mine, 1)],
    };
    assert_eq!(rescue(&*bench, lost.clone(), 1).await, 1);
    assert_eq!(rescue(&*bench, lost, 9).await, 0);
    assert_eq!(state(&*bench, mine).await, State::Running);
    assert_eq!(state(&*bench, other).await, State::Queued);
    let earlier = Lost::Expired {
        lease_ms: LEASE_MS,
        held: vec![(mine, 2)],
    };
    assert_eq!(
        rescue(&*bench, earlier, 9).await,
        1,
        "it makes another attempt"
    );
}
