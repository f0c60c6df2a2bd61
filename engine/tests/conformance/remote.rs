//! Attempts of workers that ask over HTTP: their leases, reports and ends, and the kinds they offer.

use glassworks_engine::Limits;
use glassworks_engine::store::remote::{
    Printed, RemoteClaim, Report, Reported, Standing, Verdict, Wait, lease_hash,
};
use glassworks_engine::store::{
    Claim, Claimed, Lost, NewRow, Offer, Outcome, Refusal, Store, Write,
};
use glassworks_protocol::{EventBody, OutputStream, State, TaskId};

use crate::bench::Bench;
use crate::support::{
    LEASE_MS, ask, bodies, claim, claim_for, commit, expired, picture, rescue, row, running,
    served, state, submit, taken, task,
};

/// How long a first lease lasts in these tests, in milliseconds.
const FIRST_MS: u64 = 10_000;
const WORKER: &str = "worker-1";

fn claim_as(worker: &str, request: &str, room: u32) -> Write {
    Write::Claim(Claim {
        node: worker.to_owned(),
        served: served(),
        room,
        lease_ms: FIRST_MS,
        remote: Some(RemoteClaim {
            request: request.to_owned(),
            salt: *uuid::Uuid::now_v7().as_bytes(),
            max_bytes: 1_000,
        }),
    })
}

async fn claimed(store: &dyn Store, request: &str, room: u32) -> Vec<Claimed> {
    let write = claim_as(WORKER, request, room);
    taken(commit(store, write).await.outcomes.pop().unwrap()).tasks
}

fn token(claimed: &Claimed) -> &str {
    &claimed.lease.as_ref().unwrap().token
}

/// Submits a task and has a worker take it: its id and its lease.
async fn held(store: &dyn Store, row: NewRow) -> (TaskId, String) {
    let id = submit(store, row).await;
    let tasks = claimed(store, &format!("request of {id}"), 1).await;
    assert_eq!(tasks[0].id, id);
    (id, token(&tasks[0]).to_owned())
}

fn beat(task: TaskId, lease: &str) -> Report {
    Report {
        task,
        lease: lease_hash(lease),
        output: Vec::new(),
        entries: Vec::new(),
        verdict: None,
    }
}

fn end(task: TaskId, lease: &str, verdict: Verdict) -> Report {
    Report {
        verdict: Some(verdict),
        ..beat(task, lease)
    }
}

fn printing(task: TaskId, lease: &str, offset: u64, text: &str) -> Report {
    Report {
        output: vec![Printed {
            offset,
            stream: OutputStream::Stdout,
            text: text.to_owned(),
        }],
        ..beat(task, lease)
    }
}

fn failed(wait: Wait) -> Verdict {
    Verdict::Failed {
        message: "it failed".to_owned(),
        wait,
    }
}

async fn report_all(store: &dyn Store, reports: Vec<Report>) -> Vec<Reported> {
    let write = Write::Report {
        reports,
        lease_ms: LEASE_MS,
    };
    match commit(store, write).await.outcomes.pop() {
        Some(Outcome::Reported(reported)) => reported,
        other => panic!("a report was answered with {other:?}"),
    }
}

async fn report(store: &dyn Store, report: Report) -> Standing {
    report_all(store, vec![report]).await[0].standing
}

const OVER: Lost = Lost::Remote { roll: 0.5 };

pub(crate) async fn a_worker_takes_tasks_with_leases_of_their_own(bench: Bench) {
    let ids = [submit(&*bench, row()).await, submit(&*bench, row()).await];
    let tasks = claimed(&*bench, "request", 9).await;
    assert_eq!(tasks.iter().map(|it| it.id).collect::<Vec<_>>(), ids);
    assert_ne!(token(&tasks[0]), token(&tasks[1]));
    assert_eq!(tasks[0].lease.as_ref().unwrap().left_ms, FIRST_MS);
    let first = task(&*bench, ids[0]).await;
    assert_eq!(first.state, State::Running);
    assert_eq!(first.node.as_deref(), Some(WORKER));
    let due = bench.next_remote_end().await.unwrap();
    assert_eq!(due, Some(bench.clock.ahead(10_000)));
    submit(&*bench, row()).await;
    let own = claim(&*bench, 1).await;
    assert_eq!(own.tasks[0].lease, None, "a node needs none");
}

pub(crate) async fn the_same_request_gives_the_same_tasks(mut bench: Bench) {
    for _ in 0..3 {
        submit(&*bench, row()).await;
    }
    let first = claimed(&*bench, "request", 2).await;
    bench.clock.advance(4_000);
    bench.reopen().await;
    let again = claimed(&*bench, "request", 2).await;
    let of = |tasks: &[Claimed]| -> Vec<(TaskId, u32, String)> {
        let told = tasks.iter();
        told.map(|it| (it.id, it.attempt, token(it).to_owned()))
            .collect()
    };
    assert_eq!(of(&again), of(&first));
    assert_eq!(again[0].lease.as_ref().unwrap().left_ms, 6_000);
    let other = commit(&*bench, claim_as("another", "request", 9)).await;
    let Some(Outcome::Claimed { tasks, .. }) = other.outcomes.into_iter().next() else {
        panic!("a claim was answered with something else");
    };
    assert_eq!(tasks.len(), 1, "another worker's request is another one");
    for it in &first {
        let done = end(it.id, token(it), Verdict::Completed(None));
        assert_eq!(report(&*bench, done).await, Standing::Held);
    }
    let late = submit(&*bench, row()).await;
    let next = claimed(&*bench, "request", 2).await;
    assert_eq!(next[0].id, late, "what is over is not given again");
}

pub(crate) async fn twins_of_a_claim_in_one_batch_are_one_claim(bench: Bench) {
    let rows = vec![row(), row()];
    let batch = vec![
        Write::Submit(rows),
        claim_as(WORKER, "request", 1),
        claim_as(WORKER, "request", 1),
    ];
    let mut outcomes = bench.commit(batch).await.unwrap().outcomes;
    let second = taken(outcomes.pop().unwrap()).tasks;
    let first = taken(outcomes.pop().unwrap()).tasks;
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].id, second[0].id);
    assert_eq!(token(&first[0]), token(&second[0]));
}

pub(crate) async fn a_claim_takes_no_more_bytes_than_it_may(bench: Bench) {
    for _ in 0..3 {
        let payload = format!("{{\"x\":\"{}\"}}", "x".repeat(600));
        let new = NewRow { payload, ..row() };
        submit(&*bench, new).await;
    }
    let answer = commit(&*bench, claim_as(WORKER, "request", 9)).await;
    let taken = taken(answer.outcomes.into_iter().next().unwrap());
    assert_eq!((taken.tasks.len(), taken.more), (2, true));
}

pub(crate) async fn a_report_renews_and_records_once(mut bench: Bench) {
    let (id, lease) = held(&*bench, row()).await;
    bench.clock.advance(9_000);
    let first = printing(id, &lease, 0, "one\n");
    for _ in 0..2 {
        assert_eq!(report(&*bench, first.clone()).await, Standing::Held);
        bench.reopen().await;
    }
    let more = printing(id, &lease, 0, "one\ntwo\n");
    let reported = report_all(&*bench, vec![more]).await;
    assert_eq!(reported[0].output_bytes, 8);
    let outputs: Vec<EventBody> = bodies(&*bench, id)
        .await
        .into_iter()
        .filter(|body| body.kind() == "output")
        .collect();
    assert_eq!(
        outputs,
        [EventBody::output("one\n"), EventBody::output("two\n")]
    );
    let due = bench.next_remote_end().await.unwrap();
    assert_eq!(due, Some(bench.clock.ahead(30_000)));
    bench.clock.advance(20_000);
    assert_eq!(rescue(&*bench, OVER, 9).await, 0);
}

pub(crate) async fn whoever_has_no_lease_writes_nothing(bench: Bench) {
    let (id, lease) = held(&*bench, row()).await;
    let own = running(&*bench, row()).await;
    let waiting = submit(&*bench, row()).await;
    let before = picture(&*bench).await;
    for task in [id, own, waiting, TaskId(uuid::Uuid::now_v7())] {
        for verdict in [None, Some(Verdict::Completed(None))] {
            let guess = Report {
                verdict,
                ..printing(task, "guess", 0, "x")
            };
            assert_eq!(report(&*bench, guess).await, Standing::Lost);
        }
    }
    assert_eq!(picture(&*bench).await, before);
    assert_eq!(report(&*bench, beat(id, &lease)).await, Standing::Held);
}

pub(crate) async fn an_end_is_stored_once_and_can_be_repeated(mut bench: Bench) {
    for (verdict, expected) in [
        (Verdict::Completed(Some("1".to_owned())), State::Completed),
        (failed(Wait::Forever), State::Failed),
        (failed(Wait::Millis(5_000)), State::Retrying),
        (failed(Wait::Backoff(0.5)), State::Retrying),
        (Verdict::Released, State::Queued),
    ] {
        let (id, lease) = held(&*bench, row()).await;
        let last = Report {
            verdict: Some(verdict),
            ..printing(id, &lease, 0, "last\n")
        };
        let first = report_all(&*bench, vec![last.clone(), last.clone()]).await;
        assert!(first[0].ran_ms.is_some() && first[1].ran_ms.is_none());
        bench.reopen().await;
        let before = picture(&*bench).await;
        assert_eq!(report(&*bench, last).await, Standing::Held);
        assert_eq!(picture(&*bench).await, before, "{expected}");
        assert_eq!(state(&*bench, id).await, expected);
        assert_eq!(report(&*bench, beat(id, &lease)).await, Standing::Lost);
        let over = task(&*bench, id).await;
        assert_eq!(over.attempt, 1);
        if expected == State::Queued {
            // It does not count, and whoever takes it next has it for itself.
            let again = claim(&*bench, 1).await;
            assert_eq!(
                (again.tasks[0].id, again.tasks[0].counted_attempts),
                (id, 1)
            );
            let late = end(id, &lease, Verdict::Released);
            assert_eq!(report(&*bench, late).await, Standing::Lost);
        }
    }
}

pub(crate) async fn a_silent_worker_loses_its_attempt(bench: Bench) {
    let new = NewRow {
        max_attempts: 2,
        ..row()
    };
    let (id, lease) = held(&*bench, new).await;
    report(&*bench, beat(id, &lease)).await;
    bench.clock.advance(31_000);
    let write = Write::Rescue {
        lost: OVER,
        limit: 9,
    };
    assert!(commit(&*bench, write).await.wake);
    let lost = task(&*bench, id).await;
    assert_eq!(lost.state, State::Queued);
    let message = "the worker worker-1 was silent for 31 s";
    assert_eq!(lost.error.unwrap().message, message);
    for late in [
        beat(id, &lease),
        end(id, &lease, Verdict::Completed(None)),
        end(id, &lease, Verdict::Released),
    ] {
        assert_eq!(report(&*bench, late).await, Standing::Lost);
    }
    assert_eq!(bench.next_remote_end().await.unwrap(), None);
    let again = claimed(&*bench, "again", 1).await;
    assert_eq!(again[0].attempt, 2);
    bench.clock.advance(11_000);
    // A node looks after what nodes make.
    assert_eq!(rescue(&*bench, expired(), 9).await, 0);
    assert_eq!(rescue(&*bench, OVER, 9).await, 1);
    let over = task(&*bench, id).await;
    assert_eq!(over.state, State::Failed);
    let message = "the worker worker-1 was silent for 11 s";
    assert_eq!(over.error.unwrap().message, message);
}

pub(crate) async fn a_start_leaves_remote_attempts_alone(mut bench: Bench) {
    let (id, lease) = held(&*bench, row()).await;
    let own = running(&*bench, row()).await;
    bench.reopen().await;
    assert_eq!(rescue(&*bench, Lost::All, 1).await, 1);
    assert_eq!(rescue(&*bench, Lost::All, 1).await, 0);
    assert_eq!(state(&*bench, own).await, State::Queued);
    assert_eq!(report(&*bench, beat(id, &lease)).await, Standing::Held);
    // What a node makes after a worker's end is a node's.
    report(&*bench, end(id, &lease, Verdict::Released)).await;
    commit(&*bench, claim_for("node", 9)).await;
    assert_eq!(rescue(&*bench, Lost::All, 9).await, 2);
}

pub(crate) async fn a_time_limit_is_kept_for_the_worker(bench: Bench) {
    let new = NewRow {
        timeout_ms: 20_000,
        ..row()
    };
    let (id, lease) = held(&*bench, new).await;
    report(&*bench, beat(id, &lease)).await;
    bench.clock.advance(20_000);
    let told = report(&*bench, beat(id, &lease)).await;
    assert_eq!(told, Standing::Cancelled, "it is to stop");
    assert_eq!(rescue(&*bench, OVER, 9).await, 0);
    bench.clock.advance(5_000);
    assert_eq!(rescue(&*bench, OVER, 9).await, 1);
    let over = task(&*bench, id).await;
    assert_eq!(over.state, State::Retrying);
    let failure = over.error.unwrap();
    assert_eq!(failure.message, "timed out after 20000 ms");
    assert_eq!(failure.ran_ms, 25_000);
    assert_eq!(over.run_at, bench.clock.ahead(1_000));
    assert_eq!(report(&*bench, beat(id, &lease)).await, Standing::Lost);
}

pub(crate) async fn a_cancel_is_told_and_not_waited_for_without_end(bench: Bench) {
    let (heard, lease) = held(&*bench, row()).await;
    let (deaf, deaf_lease) = held(&*bench, row()).await;
    for (id, lease) in [(heard, &lease), (deaf, &deaf_lease)] {
        report(&*bench, beat(id, lease)).await;
        ask(&*bench, Write::Cancel(id)).await.unwrap();
        let told = report(&*bench, beat(id, lease)).await;
        assert_eq!(told, Standing::Cancelled);
    }
    let stopped = end(heard, &lease, failed(Wait::Backoff(0.5)));
    assert_eq!(report(&*bench, stopped).await, Standing::Held);
    assert_eq!(state(&*bench, heard).await, State::Cancelled);
    bench.clock.advance(29_000);
    report(&*bench, beat(deaf, &deaf_lease)).await;
    assert_eq!(rescue(&*bench, OVER, 9).await, 0);
    bench.clock.advance(1_000);
    assert_eq!(rescue(&*bench, OVER, 9).await, 1);
    assert_eq!(state(&*bench, deaf).await, State::Cancelled);
    let late = report(&*bench, beat(deaf, &deaf_lease)).await;
    assert_eq!(late, Standing::Lost);
}

pub(crate) async fn what_was_remote_leaves_nothing_when_it_is_deleted(bench: Bench) {
    let (id, lease) = held(&*bench, row()).await;
    report(&*bench, end(id, &lease, Verdict::Completed(None))).await;
    ask(&*bench, Write::Delete(id)).await.unwrap();
    // The next task may get the place of the one that went.
    let next = submit(&*bench, row()).await;
    commit(&*bench, claim_for("node", 1)).await;
    let late = end(next, &lease, Verdict::Completed(None));
    assert_eq!(report(&*bench, late).await, Standing::Lost);
}

fn offer(kind: &str, schema: Option<&str>) -> Offer {
    Offer {
        kind: kind.to_owned(),
        schema: schema.map(str::to_owned),
        description: "It resizes.".to_owned(),
        worker: WORKER.to_owned(),
    }
}

async fn offer_all(store: &dyn Store, offers: Vec<Offer>) -> Result<(), Refusal> {
    match commit(store, Write::Offer(offers)).await.outcomes.pop() {
        Some(Outcome::Offered(offered)) => offered,
        other => panic!("an offer was answered with {other:?}"),
    }
}

pub(crate) async fn offered_kinds_are_kept_to_their_limit(mut bench: Bench) {
    let limits = Limits {
        kinds: 2,
        ..Limits::default()
    };
    bench.limit(limits).await;
    offer_all(&*bench, vec![offer("a", Some("{}")), offer("b", None)])
        .await
        .unwrap();
    let refused = offer_all(&*bench, vec![offer("a", None), offer("c", None)]).await;
    assert_eq!(refused, Err(Refusal::TooManyKinds(2)));
    bench.clock.advance(5);
    offer_all(&*bench, vec![offer("b", Some("{}"))])
        .await
        .unwrap();
    bench.reopen().await;
    let kinds = bench.kinds().await.unwrap();
    let told: Vec<_> = kinds.iter().map(|it| (&it.offer, it.offered_at)).collect();
    let (a, b) = (offer("a", Some("{}")), offer("b", Some("{}")));
    assert_eq!(told, [(&a, bench.clock.ahead(-5)), (&b, bench.clock.now())]);
}

pub(crate) async fn what_waits_is_counted_by_kind(bench: Bench) {
    for kind in ["kind", "other", "other"] {
        let kind = kind.to_owned();
        submit(&*bench, NewRow { kind, ..row() }).await;
    }
    let mut queued = bench.queued_by_kind().await.unwrap();
    queued.sort();
    assert_eq!(queued, [("kind".to_owned(), 1), ("other".to_owned(), 2)]);
    claim(&*bench, 1).await;
    let queued = bench.queued_by_kind().await.unwrap();
    assert_eq!(queued, [("other".to_owned(), 2)]);
}
