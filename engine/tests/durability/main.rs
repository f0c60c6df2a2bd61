//! Nothing is acknowledged before the disk has it, and the disk is not asked more than that takes.
//!
//! Each test runs itself again under `strace`: once as the process that is watched, which does the
//! work and says in the trace what it was told, and once as the one that reads the trace.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/store.rs"]
mod store;
mod trace;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;

use futures::future::join_all;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{End, Firing, Lost, NewRow, Store, Write};
use glassworks_engine::{Database, Engine, Handler, Limits, Run, TaskError};
use glassworks_protocol::{MissedFirings, NewTask, QueueSettings, Schedule, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use self::store::{claim_for, finish_write, output, row};
use self::trace::{Call, Kind, say, watch, watched_in};

/// A word that a task is recognised by where its bytes are written.
fn mark(number: usize) -> String {
    format!("task-{number:04}.")
}

fn marked(number: usize) -> NewRow {
    NewRow {
        payload: json!({ "mark": mark(number) }).to_string(),
        ..row()
    }
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("tasks.db"), Limits::default()).unwrap()
}

fn block_on(future: impl Future<Output = ()>) {
    // On one thread, so that all who submit have done so before the journal takes its next batch.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future);
}

/// The calls between two words.
fn between<'c>(calls: &'c [Call], start: &str, end: &str) -> &'c [Call] {
    let place = |word: &str| {
        let said = |call: &Call| call.kind == Kind::Said(word.to_owned());
        calls.iter().position(said).unwrap()
    };
    &calls[place(start)..place(end)]
}

fn syncs(calls: &[Call]) -> usize {
    let sync = |call: &&Call| matches!(call.kind, Kind::WalSync | Kind::OtherSync);
    calls.iter().filter(sync).count()
}

fn writes(calls: &[Call]) -> usize {
    let write = |call: &&Call| matches!(call.kind, Kind::WalWrite(_));
    calls.iter().filter(write).count()
}

/// Each task that was acknowledged had been written, and then synced from start to end.
fn assert_synced_before_acknowledged(calls: &[Call], tasks: usize) {
    let mut acknowledged = BTreeSet::new();
    for said in calls {
        let Kind::Said(word) = &said.kind else {
            continue;
        };
        let Some(mark) = word.strip_prefix("accepted ") else {
            continue;
        };
        let written = calls
            .iter()
            .find(|call| matches!(&call.kind, Kind::WalWrite(bytes) if bytes.contains(mark)))
            .unwrap_or_else(|| panic!("{mark} was never written"));
        let synced = calls.iter().any(|call| {
            call.kind == Kind::WalSync && call.began > written.ended && call.ended < said.began
        });
        assert!(synced, "{mark} was acknowledged before it was on the disk");
        acknowledged.insert(mark);
    }
    assert_eq!(acknowledged.len(), tasks, "each was acknowledged");
}

#[test]
fn a_submit_is_acknowledged_after_its_sync() {
    const TASKS: usize = 20;
    if let Some(folder) = watched_in() {
        return block_on(async {
            let store = open(&folder);
            for number in 0..TASKS {
                store::submit(&store, marked(number)).await;
                say(&folder, &format!("accepted {}", mark(number)));
            }
        });
    }
    let calls = watch("a_submit_is_acknowledged_after_its_sync");
    assert_synced_before_acknowledged(&calls, TASKS);
    // The first also syncs the new log's header and its folder.
    for number in 1..TASKS {
        let [before, after] = [number - 1, number].map(|n| format!("accepted {}", mark(n)));
        let batch = between(&calls, &before, &after);
        assert_eq!(syncs(batch), 1, "one batch, one sync: {number}");
    }
}

/// A schedule that is due.
fn hourly() -> Schedule {
    Schedule {
        id: Uuid::now_v7(),
        cron: "0 * * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        task: NewTask::new("later", json!({})),
        missed: MissedFirings::default(),
        paused: false,
        created_at: Timestamp::now(),
        last_fired_at: None,
        next_fire_at: Some(Timestamp::from_millis(0)),
        error: None,
    }
}

#[test]
fn whatever_somebody_relies_on_is_synced() {
    const DURABLE_WRITES: usize = 10;
    if let Some(folder) = watched_in() {
        return block_on(async {
            let store = open(&folder);
            let rows: Vec<NewRow> = (0..5).map(|_| row()).collect();
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            store.commit(vec![Write::Submit(rows)]).await.unwrap();
            store.commit(vec![claim_for("node", 3)]).await.unwrap();
            say(&folder, "start");
            let schedule = hourly();
            let writes = [
                finish_write(ids[0], 1, End::Completed(None)),
                finish_write(ids[1], 1, store::failed(None)),
                Write::Rescue {
                    lost: Lost::All,
                    limit: 9,
                },
                Write::Cancel(ids[3]),
                Write::Retry(ids[3]),
                Write::Delete(ids[0]),
                Write::SaveQueue {
                    name: "default".to_owned(),
                    settings: QueueSettings::default(),
                },
                Write::SaveSchedule(Box::new(schedule.clone())),
                Write::Fire(Box::new(Firing {
                    schedule: schedule.id,
                    due: Timestamp::from_millis(0),
                    next: None,
                    task: Some(row()),
                    error: None,
                })),
                Write::DeleteSchedule(schedule.id),
            ];
            assert_eq!(writes.len(), DURABLE_WRITES);
            for (number, write) in writes.into_iter().enumerate() {
                assert!(write.must_be_durable());
                // A batch that need not be synced must not leave the next one so.
                store.commit(vec![claim_for("node", 1)]).await.unwrap();
                store.commit(vec![write]).await.unwrap();
                say(&folder, &format!("done {number}"));
            }
        });
    }
    let calls = watch("whatever_somebody_relies_on_is_synced");
    let mut before = "start".to_owned();
    for number in 0..DURABLE_WRITES {
        let after = format!("done {number}");
        let batch = between(&calls, &before, &after);
        let of_log = |call: &&Call| matches!(call.kind, Kind::WalWrite(_) | Kind::WalSync);
        let last = batch.iter().rfind(of_log).unwrap();
        assert_eq!(last.kind, Kind::WalSync, "write {number} is on the disk");
        before = after;
    }
}

#[test]
fn claims_and_reports_do_not_wait_for_the_disk() {
    if let Some(folder) = watched_in() {
        return block_on(async {
            let store = open(&folder);
            let rows: Vec<NewRow> = (0..30).map(|_| row()).collect();
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            store.commit(vec![Write::Submit(rows)]).await.unwrap();
            say(&folder, "start");
            for id in &ids {
                let report = Write::Record {
                    task: *id,
                    attempt: 1,
                    entries: vec![output("text")],
                };
                let renewal = Write::Renew {
                    attempts: vec![(*id, 1)],
                    lease_ms: 1,
                };
                store.commit(vec![claim_for("node", 1)]).await.unwrap();
                store.commit(vec![report, renewal]).await.unwrap();
            }
            say(&folder, "end");
            let last = finish_write(ids[29], 1, End::Completed(None));
            store
                .commit(vec![claim_for("node", 1), last])
                .await
                .unwrap();
            say(&folder, "finished");
        });
    }
    let calls = watch("claims_and_reports_do_not_wait_for_the_disk");
    let quiet = between(&calls, "start", "end");
    assert!(writes(quiet) >= 60, "each batch was written");
    assert_eq!(syncs(quiet), 0);
    assert_eq!(syncs(between(&calls, "end", "finished")), 1);
}

/// Is never run: its tasks are due in an hour.
struct Later;

#[derive(Deserialize, ToSchema)]
struct Mark {
    #[expect(dead_code, reason = "only its bytes matter")]
    mark: String,
}

impl Handler for Later {
    const KIND: &'static str = "later";
    const DESCRIPTION: &'static str = "Is never run.";
    type Payload = Mark;

    fn example() -> Value {
        json!({ "mark": "x" })
    }

    async fn run(&self, _: Mark, _: &Run) -> Result<Value, TaskError> {
        Ok(Value::Null)
    }
}

#[test]
fn submits_at_the_same_time_share_their_syncs() {
    const CLIENTS: usize = 32;
    const EACH: usize = 4;
    if let Some(folder) = watched_in() {
        return block_on(async {
            let database = Database::Sqlite(folder.join("tasks.db"));
            let builder = Engine::builder().handler(Later);
            let engine = builder.start(database).await.unwrap();
            say(&folder, "start");
            let client = async |client: usize| {
                for number in (0..EACH).map(|number| client * EACH + number) {
                    let new = NewTask {
                        delay_ms: Some(3_600_000),
                        ..NewTask::new("later", json!({ "mark": mark(number) }))
                    };
                    engine.submit(new).await.unwrap();
                    say(&folder, &format!("accepted {}", mark(number)));
                }
            };
            join_all((0..CLIENTS).map(client)).await;
            say(&folder, "end");
            engine.shutdown().await;
        });
    }
    let calls = watch("submits_at_the_same_time_share_their_syncs");
    assert_synced_before_acknowledged(&calls, CLIENTS * EACH);
    let syncs = syncs(between(&calls, "start", "end"));
    assert!(
        syncs <= 2 * EACH,
        "{} submits took {syncs} syncs",
        CLIENTS * EACH
    );
}
