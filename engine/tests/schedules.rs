//! Schedules: each moment of a rule submits its task once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{Firing, Outcome, Store, Write};
use glassworks_engine::{Change, Engine, Error, Limits, Options};
use glassworks_protocol::{
    MissedFirings, NewSchedule, NewTask, PageRequest, Schedule, Task, TaskFilter, Timestamp,
};
use serde_json::json;
use support::waits::within;
use support::{puppet, quick, start};
use tempfile::tempdir;
use uuid::Uuid;

fn each_second() -> NewSchedule {
    NewSchedule {
        cron: "* * * * * *".into(),
        time_zone: "Europe/Berlin".into(),
        task: NewTask {
            tags: vec!["tick".into()],
            ..puppet(json!({}))
        },
        missed: MissedFirings::RunOnce,
        paused: false,
    }
}

/// Waits until at least `count` tasks were submitted.
async fn tasks(engine: &Engine, count: usize) -> Vec<Task> {
    let mut changes = engine.changes();
    let reading = async {
        loop {
            let page = PageRequest::default();
            let found = engine.tasks(&TaskFilter::default(), &page).await.unwrap();
            if found.tasks.len() >= count {
                return found.tasks;
            }
            let change: Option<Change> = changes.next().await;
            assert!(change.is_some());
        }
    };
    within(format_args!("{count} tasks"), reading).await
}

#[tokio::test]
async fn a_schedule_submits_its_task_at_each_moment_and_says_when_the_next_is() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let schedule = engine.create_schedule(each_second()).await.unwrap();
    let first = schedule.next_fire_at.unwrap();
    assert_eq!(first.as_millis() % 1_000, 0);
    let tasks = tasks(&engine, 2).await;
    for task in &tasks {
        assert_eq!(task.schedule_id, Some(schedule.id));
        assert_eq!(task.tags, ["tick"]);
        assert!(task.created_at >= first);
    }
    let stored = engine.schedules().await.unwrap().remove(0);
    assert!(stored.last_fired_at >= Some(first));
    assert!(stored.next_fire_at > stored.last_fired_at);
    assert_eq!(stored.error, None);

    let paused = engine.pause_schedule(schedule.id, true).await.unwrap();
    assert_eq!(paused.next_fire_at, None);
    let resumed = engine.pause_schedule(schedule.id, false).await.unwrap();
    assert!(resumed.next_fire_at > Some(first));
    engine.delete_schedule(schedule.id).await.unwrap();
    assert!(engine.schedules().await.unwrap().is_empty());
    let gone = engine.delete_schedule(schedule.id).await;
    assert_eq!(gone.unwrap_err(), Error::NoSchedule(schedule.id));
}

#[tokio::test]
async fn a_schedule_can_be_replaced_and_foretold() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let before = engine.create_schedule(each_second()).await.unwrap();
    let hourly = NewSchedule {
        cron: "0 * * * *".into(),
        ..each_second()
    };
    let after = engine.replace_schedule(before.id, hourly).await.unwrap();
    assert_eq!(after.created_at, before.created_at);
    assert_eq!(engine.schedule(before.id).await.unwrap().cron, "0 * * * *");
    let firings = engine.firings(before.id, 3).await.unwrap();
    assert_eq!(firings.first().map(|firing| firing.at), after.next_fire_at);
    for pair in firings.windows(2) {
        assert_eq!(pair[1].at.millis_since(pair[0].at), 3_600_000);
    }
    let wrong = NewSchedule {
        cron: "never".into(),
        ..each_second()
    };
    let refused = engine.replace_schedule(before.id, wrong).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_eq!(engine.schedule(before.id).await.unwrap().cron, "0 * * * *");
}

#[tokio::test]
async fn schedules_are_bounded_in_number() {
    let folder = tempdir().unwrap();
    let limits = Limits {
        schedules: 1,
        ..Limits::default()
    };
    let engine = start(folder.path(), Options { limits, ..quick() }).await;
    engine.create_schedule(each_second()).await.unwrap();
    let refused = engine.create_schedule(each_second()).await.unwrap_err();
    assert!(refused.to_string().contains("1 schedules"), "{refused}");
}

#[tokio::test]
async fn a_moment_that_passed_while_no_node_was_there_is_caught_up_once_or_skipped() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let long_ago = Timestamp::now().plus_millis(-3_600_000);
    let kept = |missed| Schedule {
        id: Uuid::now_v7(),
        cron: "0 0 1 1 *".into(),
        time_zone: "UTC".into(),
        task: puppet(json!({})),
        missed,
        paused: false,
        created_at: long_ago,
        last_fired_at: None,
        next_fire_at: Some(long_ago),
        error: None,
    };
    // Schedules fire in the order they were made, so once the second has, the first has too.
    let skipped = kept(MissedFirings::Skip);
    let caught_up = kept(MissedFirings::RunOnce);
    {
        let store = SqliteStore::open(&file, Limits::default()).unwrap();
        let writes = [&skipped, &caught_up]
            .map(|schedule| Write::SaveSchedule(Box::new(schedule.clone())))
            .into();
        store.commit(writes).await.unwrap();
    }
    let engine = start(folder.path(), quick()).await;
    let tasks = tasks(&engine, 1).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].schedule_id, Some(caught_up.id));
    for schedule in engine.schedules().await.unwrap() {
        assert_eq!(schedule.last_fired_at, Some(long_ago));
        assert!(schedule.next_fire_at > Some(Timestamp::now()));
    }
}

/// Keeps schedules that were stored while the clock was ahead, and starts on them.
async fn start_with(folder: &std::path::Path, schedules: &[&Schedule]) -> Engine {
    let store = SqliteStore::open(&folder.join("tasks.db"), Limits::default()).unwrap();
    let save = |schedule: &&Schedule| Write::SaveSchedule(Box::new(Schedule::clone(schedule)));
    store
        .commit(schedules.iter().map(save).collect())
        .await
        .unwrap();
    drop(store);
    start(folder, quick()).await
}

#[tokio::test]
async fn a_schedule_that_was_kept_while_the_clock_was_ahead_fires_by_the_true_one() {
    let folder = tempdir().unwrap();
    let ahead = Timestamp::now().plus_millis(2 * 24 * 3_600_000);
    let schedule = |cron: &str, last_fired_at, next_fire_at| Schedule {
        id: Uuid::now_v7(),
        cron: cron.into(),
        time_zone: "UTC".into(),
        task: puppet(json!({})),
        missed: MissedFirings::RunOnce,
        paused: false,
        created_at: ahead,
        last_fired_at,
        next_fire_at: Some(next_fire_at),
        error: None,
    };
    let each_second = schedule("* * * * * *", Some(ahead), ahead.plus_millis(1_000));
    // It has fired for the next new year already, and is not to do so again.
    let rule = |year| format!("{year}-01-01T00:00:00.000Z").parse().unwrap();
    let this_year = i64::from(Timestamp::now().to_string()[..4].parse::<u16>().unwrap());
    let (next, after): (Timestamp, Timestamp) = (rule(this_year + 1), rule(this_year + 2));
    let yearly = schedule("0 0 1 1 *", Some(next), after);
    let engine = start_with(folder.path(), &[&each_second, &yearly]).await;
    let tasks = tasks(&engine, 2).await;
    assert!(
        tasks
            .iter()
            .all(|task| task.schedule_id == Some(each_second.id))
    );
    let kept = engine.schedule(yearly.id).await.unwrap();
    assert_eq!(kept.next_fire_at, Some(after));
}

#[tokio::test]
async fn two_nodes_that_fire_the_same_moment_submit_one_task() {
    let folder = tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tasks.db"), Limits::default()).unwrap();
    let due = Timestamp::now();
    let next = due.plus_millis(1_000);
    let schedule = Schedule {
        id: Uuid::now_v7(),
        cron: "* * * * * *".into(),
        time_zone: "UTC".into(),
        task: puppet(json!({})),
        missed: MissedFirings::RunOnce,
        paused: false,
        created_at: due,
        last_fired_at: None,
        next_fire_at: Some(due),
        error: None,
    };
    let id = schedule.id;
    let fire = || {
        Write::Fire(Box::new(Firing {
            schedule: id,
            due,
            next: Some(next),
            task: None,
            error: None,
        }))
    };
    let writes = vec![Write::SaveSchedule(Box::new(schedule)), fire(), fire()];
    let outcomes = store.commit(writes).await.unwrap().outcomes;
    assert!(matches!(outcomes[1], Outcome::Fired(Ok(true))));
    assert!(matches!(outcomes[2], Outcome::Fired(Ok(false))));
}

#[tokio::test]
async fn a_rule_or_task_that_makes_no_sense_is_refused() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let new = NewSchedule {
        cron: "every day".into(),
        time_zone: "Nowhere".into(),
        task: NewTask {
            delay_ms: Some(1),
            priority: Some(99),
            ..puppet(json!({}))
        },
        ..each_second()
    };
    let Err(Error::Invalid(errors)) = engine.create_schedule(new).await else {
        panic!("it was accepted");
    };
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/cron", "/time_zone", "/task", "/task/priority"]);
    within("the shutdown", engine.shutdown()).await;
}
