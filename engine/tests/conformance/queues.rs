//! Queues: paused, limited and paced, over restarts and failed commits too.

use glassworks_engine::store::{End, Lost, NewRow, Write};
use glassworks_protocol::{Queue, QueueSettings, RateLimit, State, StateCounts, TaskId, Timestamp};

use crate::bench::{Bench, POISON};
use crate::support::{
    claim, finish, output, record, rescue, row, running, set_queue, state, submit, submit_all,
};

const FREE: QueueSettings = QueueSettings {
    paused: false,
    paused_until: None,
    concurrency: None,
    max_running: None,
    rate: None,
};

fn paced(tasks: u32, per_ms: u32) -> QueueSettings {
    QueueSettings {
        rate: Some(RateLimit { tasks, per_ms }),
        ..FREE
    }
}

/// Submits `count` tasks to the queue.
async fn fill(bench: &Bench, queue: &str, count: usize) -> Vec<TaskId> {
    let row = || NewRow {
        queue: queue.to_owned(),
        ..row()
    };
    let rows: Vec<NewRow> = (0..count).map(|_| row()).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    submit_all(&**bench, rows).await.unwrap();
    ids
}

pub(crate) async fn a_paused_queue_starts_nothing_and_ends_what_runs(mut bench: Bench) {
    let run = running(&*bench, row()).await;
    let waiting = submit(&*bench, row()).await;
    let paused = QueueSettings {
        paused: true,
        ..FREE
    };
    set_queue(&*bench, "default", paused).await;
    for _ in 0..2 {
        let none = claim(&*bench, 9).await;
        assert!(none.tasks.is_empty());
        assert_eq!((none.next_due, none.more), (None, false));
        bench.reopen().await;
    }
    assert_eq!(
        finish(&*bench, run, 1, End::Completed(None)).await,
        Ok(State::Completed)
    );
    set_queue(&*bench, "default", FREE).await;
    assert_eq!(claim(&*bench, 9).await.ids(), [waiting]);
}

pub(crate) async fn a_pause_ends_by_itself_when_it_was_told_to(mut bench: Bench) {
    let waiting = submit(&*bench, row()).await;
    let until = bench.clock.now().plus_millis(500);
    let paused = QueueSettings {
        paused: true,
        paused_until: Some(until),
        ..FREE
    };
    set_queue(&*bench, "default", paused).await;
    for _ in 0..2 {
        let none = claim(&*bench, 9).await;
        assert!(none.tasks.is_empty());
        assert_eq!(none.next_due, Some(until));
        bench.reopen().await;
        assert_eq!(bench.queues().await.unwrap()[0].settings, paused);
    }
    bench.clock.advance(500);
    assert_eq!(claim(&*bench, 9).await.ids(), [waiting]);
}

pub(crate) async fn a_queue_runs_no_more_than_its_limits(mut bench: Bench) {
    let limits = [
        QueueSettings {
            concurrency: Some(2),
            max_running: Some(3),
            ..FREE
        },
        QueueSettings {
            max_running: Some(2),
            ..FREE
        },
    ];
    for (round, settings) in limits.into_iter().enumerate() {
        let queue = format!("queue-{round}");
        set_queue(&*bench, &queue, settings).await;
        let ids = fill(&bench, &queue, 4).await;
        let first = claim(&*bench, 9).await;
        assert_eq!(first.ids(), ids[..2]);
        assert!(!first.more, "there is no room for more in the queue");
        bench.reopen().await;
        assert!(claim(&*bench, 9).await.tasks.is_empty());
        finish(&*bench, ids[1], 1, End::Completed(None))
            .await
            .unwrap();
        assert_eq!(claim(&*bench, 9).await.ids(), [ids[2]]);
        assert_eq!(rescue(&*bench, Lost::All, 9).await, 2);
        assert_eq!(claim(&*bench, 9).await.tasks.len(), 2);
        for id in ids {
            let _ = crate::support::ask(&*bench, Write::Cancel(id)).await;
        }
        rescue(&*bench, Lost::All, 9).await;
    }
}

pub(crate) async fn a_rate_paces_what_starts(mut bench: Bench) {
    set_queue(&*bench, "default", paced(2, 1_000)).await;
    let ids = fill(&bench, "default", 4).await;
    let first = claim(&*bench, 9).await;
    assert_eq!(first.ids(), ids[..2]);
    let next = bench.clock.ahead(500);
    assert_eq!(
        first.next_due,
        Some(next),
        "it says when the next may start, though nothing wakes it then"
    );
    bench.reopen().await;
    bench.clock.advance(499);
    let early = claim(&*bench, 9).await;
    assert_eq!((early.ids(), early.next_due), (Vec::new(), Some(next)));
    bench.clock.advance(1);
    assert_eq!(claim(&*bench, 9).await.ids(), [ids[2]]);
    bench.clock.advance(500);
    let last = claim(&*bench, 9).await;
    assert_eq!((last.ids(), last.next_due), (vec![ids[3]], None));
}

pub(crate) async fn a_changed_rate_holds_at_once(bench: Bench) {
    set_queue(&*bench, "default", paced(1, 86_400_000)).await;
    let ids = fill(&bench, "default", 3).await;
    assert_eq!(claim(&*bench, 9).await.ids(), ids[..1]);
    set_queue(&*bench, "default", paced(1, 100)).await;
    bench.clock.advance(100);
    assert_eq!(claim(&*bench, 9).await.ids(), [ids[1]]);
    set_queue(&*bench, "default", FREE).await;
    assert_eq!(claim(&*bench, 9).await.ids(), [ids[2]]);
}

pub(crate) async fn a_full_queue_holds_up_no_other(bench: Bench) {
    let one = QueueSettings {
        max_running: Some(1),
        ..FREE
    };
    set_queue(&*bench, "narrow", one).await;
    set_queue(&*bench, "slow", paced(1, 1_000)).await;
    let narrow = fill(&bench, "narrow", 3).await;
    let slow = fill(&bench, "slow", 3).await;
    let wide = fill(&bench, "wide", 3).await;
    let first = claim(&*bench, 4).await;
    assert_eq!(first.ids(), [narrow[0], slow[0], wide[0], wide[1]]);
    assert!(first.more);
    let second = claim(&*bench, 4).await;
    assert_eq!((second.ids(), second.more), (vec![wide[2]], false));
}

pub(crate) async fn settings_are_kept_with_and_without_tasks(mut bench: Bench) {
    assert!(bench.queues().await.unwrap().is_empty());
    let settings = QueueSettings {
        paused: true,
        paused_until: Some(Timestamp::from_millis(7)),
        concurrency: Some(3),
        max_running: Some(4),
        rate: Some(RateLimit {
            tasks: 5,
            per_ms: 6,
        }),
    };
    set_queue(&*bench, "set", settings).await;
    let id = submit(&*bench, row()).await;
    let queue = |name: &str, settings, queued| Queue {
        name: name.to_owned(),
        settings,
        tasks: StateCounts {
            queued,
            ..StateCounts::default()
        },
    };
    let expected = [queue("default", FREE, 1), queue("set", settings, 0)];
    assert_eq!(bench.queues().await.unwrap(), expected);

    // Neither a restart nor a commit that fails changes them.
    bench.reopen().await;
    bench.place.spoil().await;
    assert_eq!(claim(&*bench, 1).await.ids(), [id]);
    let doomed = vec![
        Write::SaveQueue {
            name: "default".to_owned(),
            settings,
        },
        Write::Record {
            task: id,
            attempt: 1,
            entries: vec![output(POISON)],
        },
    ];
    bench.commit(doomed).await.unwrap_err();
    bench.place.mend().await;
    record(&*bench, id, 1, vec![output("x")]).await.unwrap();
    finish(&*bench, id, 1, End::Released).await.unwrap();
    assert_eq!(bench.queues().await.unwrap(), expected);
    assert_eq!(claim(&*bench, 1).await.ids(), [id]);
    assert_eq!(state(&*bench, id).await, State::Running);
}
