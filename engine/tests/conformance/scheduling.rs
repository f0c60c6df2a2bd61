//! Schedules: kept as they were made, and each moment of one fired once.

use glassworks_engine::Limits;
use glassworks_engine::store::{Firing, NewRow, Outcome, Refusal, Write};
use glassworks_protocol::{
    MissedFirings, NewTask, RetryPolicy, Schedule, State, TaskId, Timestamp,
};
use serde_json::json;
use uuid::Uuid;

use crate::bench::Bench;
use crate::support::{commit, picture, row, row_with_key, submit, task};

fn schedule(next_fire_at: Option<Timestamp>) -> Schedule {
    Schedule {
        id: Uuid::now_v7(),
        cron: "*/5 * * * *".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        task: NewTask {
            tags: vec!["tag".to_owned()],
            retry: Some(RetryPolicy::default()),
            ..NewTask::new("kind", json!({ "a": [1, null] }))
        },
        missed: MissedFirings::Skip,
        paused: next_fire_at.is_none(),
        created_at: Timestamp::from_millis(1_000),
        last_fired_at: None,
        next_fire_at,
        error: None,
    }
}

async fn save(bench: &Bench, schedule: &Schedule) {
    let write = Write::SaveSchedule(Box::new(schedule.clone()));
    let outcomes = commit(&**bench, write).await.outcomes;
    assert!(matches!(outcomes[..], [Outcome::ScheduleSaved]));
}

async fn fire(bench: &Bench, firing: Firing) -> Result<bool, Refusal> {
    let committed = commit(&**bench, Write::Fire(Box::new(firing))).await;
    match &committed.outcomes[..] {
        [Outcome::Fired(fired)] => fired.clone(),
        other => panic!("a firing was answered with {other:?}"),
    }
}

pub(crate) async fn a_schedule_reads_back_as_it_was_saved(mut bench: Bench) {
    let moment = |millis| Some(Timestamp::from_millis(millis));
    let plain = schedule(None);
    let full = Schedule {
        missed: MissedFirings::RunOnce,
        last_fired_at: moment(4_000),
        error: Some("why".to_owned()),
        created_at: Timestamp::from_millis(2_000),
        ..schedule(moment(5_000))
    };
    save(&bench, &full).await;
    save(&bench, &plain).await;
    assert_eq!(bench.schedules().await.unwrap(), [plain.clone(), full]);
    let changed = Schedule {
        cron: "0 0 * * *".to_owned(),
        created_at: Timestamp::from_millis(3_000),
        ..plain
    };
    save(&bench, &changed).await;
    bench.reopen().await;
    let kept = bench.schedules().await.unwrap();
    assert_eq!((kept.len(), &kept[1]), (2, &changed));
}

pub(crate) async fn a_moment_fires_once(mut bench: Bench) {
    let due = bench.clock.now();
    let saved = schedule(Some(due));
    save(&bench, &saved).await;
    let next = Some(due.plus_millis(300_000));
    let firing = || Firing {
        schedule: saved.id,
        due,
        next,
        task: Some(NewRow {
            schedule_id: Some(saved.id),
            ..row()
        }),
        error: None,
    };
    let too_early = Firing {
        due: due.plus_millis(1),
        ..firing()
    };
    assert_eq!(fire(&bench, too_early).await, Ok(false));
    let first = firing();
    let id: TaskId = first.task.as_ref().unwrap().id;
    // Two nodes at the same time.
    let batch = vec![
        Write::Fire(Box::new(first)),
        Write::Fire(Box::new(firing())),
    ];
    let committed = bench.commit(batch).await.unwrap();
    assert!(committed.wake);
    assert!(matches!(
        committed.outcomes[..],
        [Outcome::Fired(Ok(true)), Outcome::Fired(Ok(false))]
    ));
    bench.reopen().await;
    assert_eq!(fire(&bench, firing()).await, Ok(false));
    assert_eq!(picture(&*bench).await.len(), 1);
    let fired = task(&*bench, id).await;
    assert_eq!(fired.schedule_id, Some(saved.id));
    assert_eq!(fired.state, State::Queued);
    let expected = Schedule {
        last_fired_at: Some(due),
        next_fire_at: next,
        ..saved
    };
    assert_eq!(bench.schedules().await.unwrap(), [expected]);
}

pub(crate) async fn a_refused_firing_leaves_the_schedule_where_it_is(mut bench: Bench) {
    bench
        .limit(Limits {
            backlog: 1,
            ..Limits::default()
        })
        .await;
    submit(&*bench, row_with_key("k")).await;
    let due = bench.clock.now();
    let saved = schedule(Some(due));
    save(&bench, &saved).await;
    let firing = |task, error: Option<&str>| Firing {
        schedule: saved.id,
        due,
        next: None,
        task,
        error: error.map(str::to_owned),
    };
    let refused = fire(&bench, firing(Some(row()), None)).await;
    assert_eq!(refused, Err(Refusal::BacklogFull(1)));
    assert_eq!(
        bench.schedules().await.unwrap(),
        std::slice::from_ref(&saved)
    );

    // What submits nothing needs no room.
    assert_eq!(fire(&bench, firing(None, Some("why"))).await, Ok(true));
    let moved = bench.schedules().await.unwrap().remove(0);
    assert_eq!(moved.error.as_deref(), Some("why"));
    assert_eq!((moved.last_fired_at, moved.next_fire_at), (Some(due), None));
}

pub(crate) async fn a_deleted_schedule_leaves_its_tasks(bench: Bench) {
    let due = bench.clock.now();
    let saved = schedule(Some(due));
    save(&bench, &saved).await;
    let firing = || Firing {
        schedule: saved.id,
        due,
        next: Some(due.plus_millis(1)),
        task: Some(row()),
        error: None,
    };
    assert_eq!(fire(&bench, firing()).await, Ok(true));
    for there_was_one in [true, false] {
        let outcomes = commit(&*bench, Write::DeleteSchedule(saved.id))
            .await
            .outcomes;
        assert!(
            matches!(outcomes[..], [Outcome::ScheduleDeleted(deleted)] if deleted == there_was_one)
        );
    }
    assert!(bench.schedules().await.unwrap().is_empty());
    assert_eq!(fire(&bench, firing()).await, Ok(false));
    assert_eq!(picture(&*bench).await.len(), 1);
}

pub(crate) async fn a_schedules_latest_tasks_are_told(bench: Bench) {
    let (ours, others) = (Uuid::now_v7(), Uuid::now_v7());
    let of = |schedule_id| NewRow {
        schedule_id,
        ..row()
    };
    let mut expected = Vec::new();
    for schedule_id in [Some(ours), Some(others), None, Some(ours), Some(ours)] {
        let row = of(schedule_id);
        if schedule_id == Some(ours) {
            expected.insert(0, row.id);
        }
        submit(&*bench, row).await;
    }
    assert_eq!(bench.schedule_tasks(ours, 9).await.unwrap(), expected);
    expected.pop();
    assert_eq!(bench.schedule_tasks(ours, 2).await.unwrap(), expected);
    let nobody = bench.schedule_tasks(Uuid::now_v7(), 9).await.unwrap();
    assert!(nobody.is_empty());
}
