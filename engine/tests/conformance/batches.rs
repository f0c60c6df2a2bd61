//! A batch is one transaction: all of it or, on an error, nothing.

use glassworks_engine::store::{Committed, End, Lost, Moves, NewRow, Outcome, Refusal, Write};
use glassworks_protocol::{Event, State};

use crate::bench::{Bench, POISON};
use crate::support::{
    NODE, ask, claim, claim_for, failed, finish, finish_write, log, output, picture, record, renew,
    rescue, row, row_at, row_with_key, running, submit, task,
};

pub(crate) async fn outcomes_and_events_come_in_the_order_of_writes(bench: Bench) {
    let old = submit(&*bench, row()).await;
    ask(&*bench, Write::Cancel(old)).await.unwrap();
    let new = row();
    let id = new.id;
    let batch = vec![
        Write::Submit(vec![new]),
        claim_for(NODE, 1),
        Write::Record {
            task: id,
            attempt: 1,
            entries: vec![output("x")],
        },
        Write::Renew {
            attempts: vec![(id, 1)],
            lease_ms: 1,
        },
        finish_write(id, 1, End::Completed(None)),
        Write::Cancel(id),
        Write::Retry(old),
        Write::Rescue {
            lost: Lost::All,
            limit: 9,
        },
        Write::Delete(id),
        Write::Prune {
            completed_ms: 1_000,
            failed_ms: 1_000,
            limit: 9,
        },
    ];
    let Committed {
        outcomes,
        events,
        deleted,
        wake,
        moves,
    } = bench.commit(batch).await.unwrap();
    assert!(
        matches!(
            &outcomes[..],
            [
                Outcome::Submitted(Ok(_)),
                Outcome::Claimed { .. },
                Outcome::Recorded(Ok(())),
                Outcome::Renewed(leases),
                Outcome::Finished(Ok(State::Completed)),
                Outcome::Changed(Err(Refusal::State(State::Completed))),
                Outcome::Changed(Ok(None)),
                Outcome::Rescued(0),
                Outcome::Changed(Ok(None)),
                Outcome::Pruned(0),
            ] if leases.len() == 1
        ),
        "{outcomes:?}"
    );
    let order: Vec<_> = events
        .iter()
        .map(|event| (event.task_id, event.seq))
        .collect();
    assert_eq!(order, [(id, 1), (id, 2), (id, 3), (id, 4), (old, 3)]);
    assert_eq!((deleted, wake), (vec![id], true));
    let done = Moves {
        submitted: 1,
        completed: 1,
        failed: 0,
    };
    assert_eq!(moves, [("default".to_owned(), done)]);
    assert_eq!(bench.task(id).await.unwrap(), None);
    assert_eq!(task(&*bench, old).await.state, State::Queued);
}

pub(crate) async fn the_events_of_a_commit_are_those_that_were_stored(bench: Bench) {
    let mut told: Vec<Event> = Vec::new();
    let first = row();
    let id = first.id;
    let later = row_at(bench.clock.ahead(5));
    let later_id = later.id;
    for batch in [
        vec![Write::Submit(vec![first, later])],
        vec![claim_for(NODE, 1)],
        vec![Write::Record {
            task: id,
            attempt: 1,
            entries: vec![output("a"), output("b")],
        }],
        vec![finish_write(id, 1, failed(Some(0))), claim_for(NODE, 9)],
        vec![Write::Cancel(id), Write::Cancel(later_id)],
        vec![Write::Rescue {
            lost: Lost::All,
            limit: 9,
        }],
        vec![Write::Retry(id), Write::Retry(later_id)],
    ] {
        bench.clock.advance(1);
        told.extend(bench.commit(batch).await.unwrap().events);
    }
    for id in [id, later_id] {
        let of_task: Vec<Event> = told
            .iter()
            .filter(|event| event.task_id == id)
            .cloned()
            .collect();
        assert_eq!(log(&*bench, id).await.unwrap(), of_task);
    }
}

pub(crate) async fn a_refusal_does_not_disturb_its_neighbours(bench: Bench) {
    let run = running(&*bench, row()).await;
    let batch = vec![
        Write::Submit(vec![row_with_key("a")]),
        Write::Record {
            task: run,
            attempt: 2,
            entries: vec![output("fenced")],
        },
        Write::Delete(run),
        Write::Record {
            task: run,
            attempt: 1,
            entries: vec![output("kept")],
        },
    ];
    let outcomes = bench.commit(batch).await.unwrap().outcomes;
    assert!(
        matches!(
            outcomes[..],
            [
                Outcome::Submitted(Ok(_)),
                Outcome::Recorded(Err(Refusal::Fenced)),
                Outcome::Changed(Err(Refusal::State(State::Running))),
                Outcome::Recorded(Ok(())),
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(log(&*bench, run).await.unwrap()[2].body, output("kept"));
    assert_eq!(picture(&*bench).await.len(), 2);
}

/// A batch that does something of every kind, and then fails in the database.
fn doomed(
    run: [glassworks_protocol::TaskId; 2],
    old: [glassworks_protocol::TaskId; 2],
) -> Vec<Write> {
    let elsewhere = NewRow {
        queue: "elsewhere".to_owned(),
        ..row_with_key("new")
    };
    vec![
        Write::Submit(vec![row(), elsewhere]),
        claim_for("another-node", 9),
        Write::Cancel(run[0]),
        finish_write(run[1], 1, End::Completed(Some("1".to_owned()))),
        Write::Renew {
            attempts: vec![(run[1], 1)],
            lease_ms: 1_000_000,
        },
        Write::Retry(old[0]),
        Write::Delete(old[1]),
        Write::Record {
            task: run[0],
            attempt: 1,
            entries: vec![output("x"), output(POISON), output("y")],
        },
        Write::Submit(vec![row()]),
    ]
}

pub(crate) async fn a_commit_that_fails_leaves_nothing(mut bench: Bench) {
    let run = [running(&*bench, row()).await, running(&*bench, row()).await];
    let old = [
        submit(&*bench, row_with_key("old")).await,
        submit(&*bench, row()).await,
    ];
    for id in old {
        ask(&*bench, Write::Cancel(id)).await.unwrap();
    }
    let due = bench.clock.ahead(1);
    submit(&*bench, row_at(due)).await;
    bench.clock.advance(1);
    let before = picture(&*bench).await;

    bench.place.spoil().await;
    for _ in 0..2 {
        let error = bench.commit(doomed(run, old)).await.unwrap_err();
        assert!(!error.to_string().is_empty());
        assert_eq!(picture(&*bench).await, before);
    }
    // What does not meet the fault goes through, and what the store knows by heart is right.
    record(&*bench, run[0], 1, vec![output("fine")])
        .await
        .unwrap();
    let leases = renew(&*bench, &run.map(|id| (id, 1)), 40_000).await;
    assert_eq!(leases.len(), 2);
    assert!(leases.iter().all(|lease| !lease.cancel_requested));
    let key = submit(&*bench, row_with_key("new")).await;
    assert_eq!(claim(&*bench, 9).await.tasks.len(), 2);
    bench.place.mend().await;
    let state = finish(&*bench, run[1], 1, End::Stopped).await;
    assert_eq!(state, Ok(State::Cancelled));
    ask(&*bench, Write::Retry(old[0])).await.unwrap();
    ask(&*bench, Write::Delete(old[1])).await.unwrap();
    record(&*bench, run[0], 1, vec![output(POISON)])
        .await
        .unwrap();
    assert_eq!(task(&*bench, key).await.state, State::Running);

    let after = picture(&*bench).await;
    bench.reopen().await;
    assert_eq!(picture(&*bench).await, after);
    assert_eq!(rescue(&*bench, Lost::All, 9).await, 3);
}

pub(crate) async fn batches_from_many_callers_are_each_whole(bench: Bench) {
    let callers = (0..16).map(async |caller| {
        for _ in 0..8 {
            let new = NewRow {
                queue: format!("queue-{}", caller % 3),
                ..row()
            };
            let id = new.id;
            let batch = vec![Write::Submit(vec![new]), Write::Cancel(id)];
            let outcomes = bench.commit(batch).await.unwrap().outcomes;
            assert!(matches!(
                outcomes[..],
                [Outcome::Submitted(Ok(_)), Outcome::Changed(Ok(None))]
            ));
            assert_eq!(task(&*bench, id).await.state, State::Cancelled);
        }
    });
    futures::future::join_all(callers).await;
    assert_eq!(picture(&*bench).await.len(), 128);
}
