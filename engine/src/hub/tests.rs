//! Followers against a real store, with each commit and each publication made by hand.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use glassworks_protocol::{Event, EventBody, TaskId};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

use super::{CHANGES_NAMED, Change, Changes, EVENTS_HELD, Follow, Hub, PAGE};
use crate::error::Error;
use crate::limits::Limits;
use crate::store::sqlite::SqliteStore;
use crate::store::{Claim, Committed, Due, End, NewRow, Served, Store, Write};

struct Bench {
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        Self {
            hub: Arc::new(Hub::new()),
            store: Arc::new(SqliteStore::open(&file, Limits::default()).unwrap()),
            _folder: folder,
        }
    }

    /// Commits without telling anybody yet.
    async fn commit(&self, batch: Vec<Write>) -> Committed {
        self.store.commit(batch).await.unwrap()
    }

    fn publish(&self, committed: Committed) {
        self.hub.publish(committed.events, &committed.deleted);
    }

    async fn write(&self, batch: Vec<Write>) {
        let committed = self.commit(batch).await;
        self.publish(committed);
    }

    /// A task that runs. Its log has two events.
    async fn running(&self) -> TaskId {
        let row = row();
        let id = row.id;
        self.write(vec![Write::Submit(vec![row]), claim()]).await;
        id
    }

    async fn follow(&self, id: TaskId, after: u64) -> Result<Follow, Error> {
        self.hub.follow(Arc::clone(&self.store), id, after).await
    }

    fn followed(&self) -> usize {
        self.hub.followed.lock().tasks.len()
    }
}

fn row() -> NewRow {
    NewRow {
        id: TaskId(Uuid::now_v7()),
        kind: "kind".to_owned(),
        queue: "default".to_owned(),
        payload: "{}".to_owned(),
        priority: 5,
        tags: Vec::new(),
        max_attempts: 5,
        timeout_ms: 1_000,
        due: Due::AtOnce,
        retry: None,
        unique_key: None,
        schedule_id: None,
        traceparent: None,
        submitted_by: None,
    }
}

fn claim() -> Write {
    Write::Claim(Claim {
        served: Served {
            kinds: ["kind".to_owned()].into(),
            queues: None,
        },
        node: "node".to_owned(),
        room: 1,
        lease_ms: 30_000,
        remote: None,
    })
}

/// Records `count` events of attempt 1.
fn print(task: TaskId, count: usize) -> Write {
    let line = EventBody::output("line\n");
    Write::Record {
        task,
        attempt: 1,
        entries: vec![line; count],
    }
}

fn finish(task: TaskId, attempt: u32) -> Write {
    Write::Finish {
        task,
        attempt,
        entries: Vec::new(),
        end: End::Stopped,
    }
}

/// What `future` comes to; fails when that takes longer than a minute.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The numbers of the next batch, or `None` at the end.
async fn next(follow: &mut Follow) -> Option<Vec<u64>> {
    let batch = within("more events, or their end", follow.next()).await?;
    Some(batch.unwrap().iter().map(|event| event.seq).collect())
}

/// The numbers of all that is still to come.
async fn rest(follow: Follow) -> Vec<u64> {
    let reading = follow.map(Result::unwrap).collect();
    let batches: Vec<_> = within("the end of the events", reading).await;
    let seq = |event: &Arc<Event>| event.seq;
    batches.iter().flatten().map(seq).collect()
}

async fn change(changes: &mut Changes) -> Option<Change> {
    within("a change", changes.next()).await
}

fn is_silent(follow: &mut Follow) -> bool {
    follow.next().now_or_never().is_none()
}

#[tokio::test]
async fn what_is_read_from_the_store_is_not_given_again_when_it_is_published() {
    let bench = Bench::new();
    let id = bench.running().await;
    let late = bench.commit(vec![print(id, 3)]).await;
    let mut follow = bench.follow(id, 0).await.unwrap();
    assert_eq!(next(&mut follow).await, Some(vec![1, 2, 3, 4, 5]));
    bench.publish(late);
    bench.write(vec![print(id, 1)]).await;
    assert_eq!(next(&mut follow).await, Some(vec![6]));
    bench.write(vec![finish(id, 1)]).await;
    assert_eq!(rest(follow).await, [7]);
}

#[tokio::test]
async fn an_event_whose_turn_has_not_come_sends_the_follower_to_the_store() {
    let bench = Bench::new();
    let id = bench.running().await;
    let mut follow = bench.follow(id, 2).await.unwrap();
    bench.commit(vec![print(id, 2)]).await;
    bench.write(vec![print(id, 1)]).await;
    assert_eq!(next(&mut follow).await, Some(vec![3, 4, 5]));
}

#[tokio::test]
async fn a_follower_that_was_too_slow_goes_back_to_the_store() {
    let bench = Bench::new();
    let id = bench.running().await;
    let mut slow = bench.follow(id, 0).await.unwrap();
    let mut quick = bench.follow(id, 0).await.unwrap();
    assert_eq!(next(&mut slow).await, Some(vec![1, 2]));
    let mut seen = next(&mut quick).await.unwrap();
    for _ in 0..5 {
        bench.write(vec![print(id, EVENTS_HELD)]).await;
        seen.extend(next(&mut quick).await.unwrap());
    }
    bench.write(vec![finish(id, 1)]).await;
    let all: Vec<u64> = (1..=2 + 5 * EVENTS_HELD as u64 + 1).collect();
    seen.extend(rest(quick).await);
    assert_eq!(seen, all);
    assert_eq!(rest(slow).await, all[2..]);
}

#[tokio::test]
async fn a_log_longer_than_a_page_is_given_whole() {
    let bench = Bench::new();
    let id = bench.running().await;
    let page = PAGE as usize;
    bench.write(vec![print(id, 2 * page)]).await;
    let mut follow = bench.follow(id, 1).await.unwrap();
    assert_eq!(next(&mut follow).await.unwrap().len(), page);
    bench.write(vec![finish(id, 1)]).await;
    let all: Vec<u64> = (page as u64 + 2..=2 * page as u64 + 3).collect();
    assert_eq!(rest(follow).await, all);
}

#[tokio::test]
async fn a_follower_from_beyond_the_end_is_given_nothing_and_ends_with_the_task() {
    for after in [3, 4, 5, 100, u64::MAX] {
        let bench = Bench::new();
        let id = bench.running().await;
        let mut follow = bench.follow(id, after).await.unwrap();
        assert!(is_silent(&mut follow));
        bench.write(vec![print(id, 2)]).await;
        bench.write(vec![finish(id, 1)]).await;
        let expected: Vec<u64> = (1..=5).filter(|seq| *seq > after).collect();
        assert_eq!(rest(follow).await, expected, "after {after}");
        let late = bench.follow(id, 9).await.unwrap();
        assert!(rest(late).await.is_empty());
    }
}

#[tokio::test]
async fn an_end_that_was_taken_back_is_not_the_end() {
    let bench = Bench::new();
    let id = bench.running().await;
    let end = bench.commit(vec![finish(id, 1)]).await;
    let again = bench.commit(vec![Write::Retry(id), claim()]).await;
    let mut follow = bench.follow(id, 0).await.unwrap();
    assert_eq!(next(&mut follow).await, Some(vec![1, 2, 3, 4, 5]));
    bench.publish(end);
    bench.publish(again);
    assert!(is_silent(&mut follow));
    bench.write(vec![finish(id, 2)]).await;
    assert_eq!(rest(follow).await, [6]);
}

#[tokio::test]
async fn a_deletion_ends_a_follower_that_is_up_to_date() {
    let bench = Bench::new();
    let id = bench.running().await;
    let mut follow = bench.follow(id, 0).await.unwrap();
    assert_eq!(next(&mut follow).await, Some(vec![1, 2]));
    bench.write(vec![finish(id, 1)]).await;
    bench.write(vec![Write::Delete(id)]).await;
    assert_eq!(rest(follow).await, [3]);
    assert_eq!(bench.followed(), 0);
    assert_eq!(
        bench.follow(id, 0).await.err(),
        Some(Error::NotFound(id)),
        "there is nothing to follow"
    );
    assert_eq!(bench.followed(), 0);
}

#[tokio::test]
async fn a_deletion_ends_a_follower_that_is_still_reading() {
    let bench = Bench::new();
    let id = bench.running().await;
    bench.write(vec![print(id, 2 * PAGE as usize)]).await;
    let mut reading = bench.follow(id, 0).await.unwrap();
    let mut lagging = bench.follow(id, 1_002).await.unwrap();
    assert!(is_silent(&mut lagging));
    assert!(next(&mut reading).await.is_some());
    bench.write(vec![print(id, 2 * EVENTS_HELD)]).await;
    bench.write(vec![finish(id, 1)]).await;
    bench.write(vec![Write::Delete(id)]).await;
    assert_eq!(next(&mut reading).await, None);
    assert_eq!(next(&mut lagging).await, None);
}

#[tokio::test]
async fn closing_ends_every_follower_once_it_has_what_was_committed() {
    let bench = Bench::new();
    let id = bench.running().await;
    let mut live = bench.follow(id, 0).await.unwrap();
    let mut lagging = bench.follow(id, 2).await.unwrap();
    assert_eq!(next(&mut live).await, Some(vec![1, 2]));
    assert!(is_silent(&mut lagging));
    bench.write(vec![print(id, 1)]).await;
    assert_eq!(next(&mut live).await, Some(vec![3]));
    bench.write(vec![print(id, EVENTS_HELD + 1)]).await;
    // Committed, but closed before it was published.
    bench.commit(vec![print(id, 1)]).await;
    bench.hub.close();
    let last = 3 + EVENTS_HELD as u64 + 2;
    let all: Vec<u64> = (1..=last).collect();
    assert_eq!(rest(live).await, all[3..]);
    assert_eq!(rest(lagging).await, all[2..]);
    let late = bench.follow(id, 0).await.unwrap();
    assert_eq!(rest(late).await, all);
    assert_eq!(bench.followed(), 0);
}

#[tokio::test]
async fn what_nobody_follows_is_forgotten() {
    let bench = Bench::new();
    let [one, other] = [bench.running().await, bench.running().await];
    let unknown = row().id;
    assert!(bench.follow(unknown, 0).await.is_err());
    assert_eq!(bench.followed(), 0);
    let first = bench.follow(one, 0).await.unwrap();
    let second = bench.follow(one, 2).await.unwrap();
    let third = bench.follow(other, 0).await.unwrap();
    assert_eq!(bench.followed(), 2);
    drop(first);
    assert_eq!(bench.followed(), 2, "one of two has gone");
    drop(second);
    assert_eq!(bench.followed(), 1);
    bench.write(vec![finish(other, 1)]).await;
    rest(third).await;
    assert_eq!(bench.followed(), 0);
}

#[tokio::test]
async fn changes_are_named_until_there_are_too_many() {
    let bench = Bench::new();
    let mut changes = bench.hub.changes();
    let mut late = bench.hub.changes();
    let id = bench.running().await;
    bench.write(vec![print(id, 3)]).await;
    assert_eq!(change(&mut changes).await, Some(Change::Tasks(vec![id])));
    bench.write(vec![finish(id, 1)]).await;
    bench.write(vec![Write::Delete(id)]).await;
    assert_eq!(change(&mut changes).await, Some(Change::Tasks(vec![id])));
    assert!(changes.next().now_or_never().is_none());

    let rows: Vec<NewRow> = (0..CHANGES_NAMED).map(|_| row()).collect();
    bench.write(vec![Write::Submit(rows)]).await;
    let Some(Change::Tasks(named)) = change(&mut changes).await else {
        panic!("as many as may be are named");
    };
    assert_eq!(named.len(), CHANGES_NAMED);
    bench.write(vec![Write::Submit(vec![row()])]).await;
    assert_eq!(change(&mut late).await, Some(Change::Everything));
}

#[tokio::test]
async fn a_list_that_was_too_slow_is_told_to_read_everything() {
    let bench = Bench::new();
    let mut changes = bench.hub.changes();
    for _ in 0..=super::BATCHES_HELD {
        bench.write(vec![Write::Submit(vec![row()])]).await;
    }
    assert_eq!(change(&mut changes).await, Some(Change::Everything));
    bench.write(vec![Write::Submit(vec![row()])]).await;
    assert!(matches!(change(&mut changes).await, Some(Change::Tasks(ids)) if ids.len() == 1));
}
