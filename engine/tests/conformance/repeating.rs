//! Requests that are sent again: known by their key, they are answered as before.

use glassworks_engine::Limits;
use glassworks_engine::store::{
    Accepted, NewRow, Outcome, Place, Refusal, RequestKey, Store, Write,
};
use glassworks_protocol::{TaskFilter, TaskId};

use crate::bench::Bench;
use crate::support::{commit, row, row_with_key, submit};

fn request(key: &str, fingerprint: u8) -> RequestKey {
    RequestKey {
        key: key.to_owned(),
        fingerprint: [fingerprint; 32],
    }
}

async fn submit_once(
    store: &dyn Store,
    rows: Vec<NewRow>,
    request: RequestKey,
) -> Result<Vec<Accepted>, Refusal> {
    let committed = commit(store, Write::SubmitOnce { rows, request }).await;
    match committed.outcomes.into_iter().next() {
        Some(Outcome::Submitted(submitted)) => submitted,
        other => panic!("a submit was answered with {other:?}"),
    }
}

async fn prune(store: &dyn Store, accepted_ms: u64, limit: u32) -> u32 {
    let write = Write::PruneRequests { accepted_ms, limit };
    match commit(store, write).await.outcomes[0] {
        Outcome::Pruned(count) => count,
        ref other => panic!("a prune was answered with {other:?}"),
    }
}

fn ids(accepted: &[Accepted]) -> Vec<TaskId> {
    accepted.iter().map(Accepted::id).collect()
}

fn are_replayed(accepted: &[Accepted]) -> bool {
    accepted
        .iter()
        .all(|accepted| matches!(accepted, Accepted::Replayed(_)))
}

async fn tasks(store: &dyn Store) -> usize {
    let all = store
        .summaries(TaskFilter::default(), Place::Newest, 100)
        .await;
    all.unwrap().tasks.len()
}

pub(crate) async fn a_request_sent_again_is_answered_as_before(mut bench: Bench) {
    let rows = vec![row(), row(), row()];
    let first = submit_once(&*bench, rows, request("k", 1)).await.unwrap();
    assert!(matches!(first[0], Accepted::New(_)));
    for _ in 0..2 {
        // With ids of its own, as a request that is sent again has.
        let rows = vec![row(), row(), row()];
        let again = submit_once(&*bench, rows, request("k", 1)).await.unwrap();
        assert!(are_replayed(&again));
        assert_eq!(ids(&again), ids(&first));
        bench.reopen().await;
    }
    assert_eq!(tasks(&*bench).await, 3);
}

pub(crate) async fn twins_in_one_batch_are_one_request(bench: Bench) {
    let write = || Write::SubmitOnce {
        rows: vec![row()],
        request: request("k", 1),
    };
    let committed = bench.commit(vec![write(), write()]).await.unwrap();
    let answers: Vec<Vec<TaskId>> = committed
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Submitted(Ok(accepted)) => ids(accepted),
            other => panic!("a submit was answered with {other:?}"),
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(tasks(&*bench).await, 1);
}

pub(crate) async fn a_key_is_for_one_request(bench: Bench) {
    let first = submit_once(&*bench, vec![row()], request("k", 1)).await;
    let other = submit_once(&*bench, vec![row()], request("k", 2)).await;
    assert_eq!(other.unwrap_err(), Refusal::KeyReused);
    submit_once(&*bench, vec![row()], request("K", 2))
        .await
        .unwrap();
    assert_eq!(tasks(&*bench).await, 2);
    let again = submit_once(&*bench, vec![row()], request("k", 1)).await;
    assert_eq!(ids(&again.unwrap()), ids(&first.unwrap()));
}

pub(crate) async fn what_was_found_is_the_answer_again(bench: Bench) {
    let standing = submit(&*bench, row_with_key("only one")).await;
    let rows = || vec![row_with_key("only one"), row()];
    let first = submit_once(&*bench, rows(), request("k", 1)).await.unwrap();
    assert_eq!(first[0].id(), standing);
    let again = submit_once(&*bench, rows(), request("k", 1)).await.unwrap();
    assert_eq!(ids(&again), ids(&first));
}

pub(crate) async fn a_refused_request_leaves_its_key_free(mut bench: Bench) {
    let full = Limits {
        backlog: 0,
        ..Limits::default()
    };
    bench.limit(full).await;
    let refused = submit_once(&*bench, vec![row()], request("k", 1)).await;
    assert_eq!(refused.unwrap_err(), Refusal::BacklogFull(0));
    bench.limit(Limits::default()).await;
    let accepted = submit_once(&*bench, vec![row()], request("k", 2)).await;
    assert!(matches!(accepted.unwrap()[..], [Accepted::New(_)]));
}

pub(crate) async fn keys_are_forgotten_oldest_first(bench: Bench) {
    for key in ["a", "b", "c"] {
        submit_once(&*bench, vec![row()], request(key, 1))
            .await
            .unwrap();
        bench.clock.advance(1_000);
    }
    // Those of `a` and `b` were accepted before.
    let before = 1_000;
    assert_eq!(prune(&*bench, before, 1).await, 1);
    let again = async |key| {
        let accepted = submit_once(&*bench, vec![row()], request(key, 1)).await;
        are_replayed(&accepted.unwrap())
    };
    assert!(again("b").await && again("c").await);
    assert!(!again("a").await, "a forgotten key is free");
    assert_eq!(prune(&*bench, before, 10).await, 1);
    assert_eq!(prune(&*bench, before, 10).await, 0);
    assert!(again("c").await);
    assert_eq!(tasks(&*bench).await, 4, "tasks outlive their keys");
}
