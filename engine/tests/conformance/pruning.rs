//! Retention: finished tasks that are old enough are forgotten, oldest first, a few at a time.

use glassworks_engine::store::{Committed, End, Outcome, Store, Write};
use glassworks_protocol::{State, TaskId};

use crate::bench::Bench;
use crate::support::{
    ask, commit, failed, finish, picture, row, row_at, row_with_key, running, submit,
};

async fn prune(
    store: &dyn Store,
    completed_ms: u64,
    failed_ms: u64,
    limit: u32,
) -> (u32, Committed) {
    let write = Write::Prune {
        completed_ms,
        failed_ms,
        limit,
    };
    let committed = commit(store, write).await;
    let Outcome::Pruned(count) = committed.outcomes[0] else {
        panic!("a prune was answered with {:?}", committed.outcomes);
    };
    assert_eq!(committed.deleted.len(), count as usize);
    assert!(committed.events.is_empty() && !committed.wake);
    (count, committed)
}

/// Tasks that end now: completed, failed, cancelled.
async fn finished(bench: &Bench) -> [TaskId; 3] {
    let completed = running(&**bench, row()).await;
    let end = End::Completed(None);
    finish(&**bench, completed, 1, end).await.unwrap();
    let lost = running(&**bench, row()).await;
    finish(&**bench, lost, 1, failed(None)).await.unwrap();
    let cancelled = submit(&**bench, row()).await;
    ask(&**bench, Write::Cancel(cancelled)).await.unwrap();
    [completed, lost, cancelled]
}

pub(crate) async fn each_outcome_has_its_own_retention(bench: Bench) {
    let [completed, lost, cancelled] = finished(&bench).await;
    let (ended, after) = (1_000_000, 999_999);
    bench.clock.advance(1_000_000);
    let (count, _) = prune(&*bench, ended, ended, 99).await;
    assert_eq!(count, 0, "kept to the moment itself");
    let (count, committed) = prune(&*bench, after, ended, 99).await;
    assert_eq!(count, 2);
    let mut gone = committed.deleted;
    gone.sort_unstable();
    assert_eq!(gone, [completed, cancelled]);
    let (_, committed) = prune(&*bench, ended, after, 99).await;
    assert_eq!(committed.deleted, [lost]);
    assert!(picture(&*bench).await.is_empty());
    assert!(bench.events(lost, 0, 9, u64::MAX).await.unwrap().is_none());
}

pub(crate) async fn what_is_not_finished_is_never_pruned(bench: Bench) {
    let far = bench.clock.ahead(i64::MAX / 4);
    running(&*bench, row()).await;
    let retrying = running(&*bench, row()).await;
    finish(&*bench, retrying, 1, failed(Some(u64::MAX / 4)))
        .await
        .unwrap();
    let again = finished(&bench).await[1];
    ask(&*bench, Write::Retry(again)).await.unwrap();
    submit(&*bench, row_at(far)).await;
    submit(&*bench, row_with_key("k")).await;
    bench.clock.advance(1);
    assert_eq!(prune(&*bench, 0, 0, 99).await.0, 2);
    let left = picture(&*bench).await;
    assert_eq!(left.len(), 5);
    assert!(left.iter().all(|(task, _)| !task.state.is_final()));
}

pub(crate) async fn the_oldest_of_a_state_go_first(bench: Bench) {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(running(&*bench, row()).await);
    }
    // They end in another order than they came.
    let order = [ids[2], ids[0], ids[3], ids[1]];
    for id in order {
        bench.clock.advance(1);
        finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
    }
    bench.clock.advance(1);
    assert_eq!(prune(&*bench, 0, 0, 0).await.0, 0);
    let (_, committed) = prune(&*bench, 0, 0, 3).await;
    assert_eq!(committed.deleted, order[..3]);
    let (count, committed) = prune(&*bench, 0, 0, 3).await;
    assert_eq!((count, committed.deleted), (1, vec![order[3]]));
}

pub(crate) async fn a_limit_holds_over_all_states(bench: Bench) {
    for _ in 0..3 {
        finished(&bench).await;
    }
    bench.clock.advance(1);
    assert_eq!(prune(&*bench, 0, 0, 4).await.0, 4);
    assert_eq!(picture(&*bench).await.len(), 5);
    assert_eq!(prune(&*bench, 0, 0, 99).await.0, 5);
    assert_eq!(bench.counts().await.unwrap().get(State::Failed), 0);
}
