//! Several engines on one database: what each does, the others see, and nobody does it twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "support/postgres.rs"]
mod server;
mod support;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use glassworks_engine::{Change, Database, Denied, Engine, Options};
use glassworks_protocol::{
    AttemptOutcome, AttemptStatus, Beat, BeatItem, ClaimRequest, ClaimedTask, FinishedAttempt,
    JsonText, KindOffer, MissedFirings, NewKey, NewSchedule, NewTask, PageRequest, Pieces,
    QueueSettings, Scope, State, Task, TaskFilter, TaskId,
};
use serde_json::json;
use tokio::time::timeout;

use server::Scratch;
use support::waits::{eventually, within};
use support::{Puppet, log, output, over, puppet, quick, submit, until, until_attempt};

/// Sooner than any poll or renewal of these tests' engines: who is this quick was told.
const AT_ONCE: Duration = Duration::from_millis(1_900);

async fn node(scratch: &Scratch, name: &str, options: Options) -> Engine {
    let options = Options {
        node: name.to_owned(),
        ..options
    };
    Engine::builder()
        .handler(Puppet)
        .options(options)
        .start(Database::Postgres(Box::new(scratch.address())))
        .await
        .unwrap()
}

/// A node that only answers: it runs nothing of the default queue.
fn idle() -> Options {
    Options {
        serve_queues: Some(vec!["nothing".to_owned()]),
        ..quick()
    }
}

async fn all_tasks(engine: &Engine) -> Vec<Task> {
    let page = PageRequest {
        limit: Some(100),
        ..PageRequest::default()
    };
    let found = engine.tasks(&TaskFilter::default(), &page).await;
    found.unwrap().tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_has_no_room_for_another_takes_at_once() {
    let scratch = Scratch::new().await;
    let small = || Options {
        workers: 2,
        ..quick()
    };
    let one = node(&scratch, "one", small()).await;
    let other = node(&scratch, "other", small()).await;
    let mut ids: Vec<TaskId> = Vec::new();
    for _ in 0..4 {
        ids.push(submit(&one, puppet(json!({ "wait": true }))).await);
    }
    let all_run = async {
        for id in &ids {
            until(&one, *id, State::Running).await;
        }
    };
    timeout(AT_ONCE, all_run).await.expect("they were told");
    let nodes: BTreeSet<_> = all_tasks(&other)
        .await
        .into_iter()
        .map(|task| task.node.unwrap())
        .collect();
    assert_eq!(nodes, ["one".to_owned(), "other".to_owned()].into());
    for id in ids {
        other.cancel(id).await.unwrap();
        assert_eq!(over(&one, id).await.state, State::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_another_node_is_followed_without_gaps_or_repetitions() {
    let scratch = Scratch::new().await;
    let asked = node(&scratch, "asked", idle()).await;
    let _worker = node(&scratch, "worker", quick()).await;
    for lines in [0, 1, 3_000] {
        let id = submit(&asked, puppet(json!({ "lines": lines, "fail_until": 1 }))).await;
        // It checks that each number is there once.
        let log = within("the end of the task", log(&asked, id)).await;
        // Both attempts print them.
        assert_eq!(output(&log).lines().count(), 2 * lines);
        let task = asked.task(id).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Completed, 2));
        assert_eq!(task.node.as_deref(), Some("worker"));
        assert_eq!(task.last_seq, log.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_hears_of_what_another_node_does() {
    let scratch = Scratch::new().await;
    let asked = node(&scratch, "asked", idle()).await;
    let worker = node(&scratch, "worker", quick()).await;
    let mut changes = asked.changes();
    let id = submit(&worker, puppet(json!({}))).await;
    let heard = async {
        loop {
            match changes.next().await.unwrap() {
                Change::Tasks(tasks) if tasks.contains(&id) => return,
                Change::Tasks(_) | Change::Everything => {}
            }
        }
    };
    within("the list to hear of it", heard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_stops_the_attempt_of_another_node_at_once() {
    let scratch = Scratch::new().await;
    let asked = node(&scratch, "asked", idle()).await;
    let _worker = node(&scratch, "worker", quick()).await;
    let id = submit(&asked, puppet(json!({ "wait": true }))).await;
    until_attempt(&asked, id, 1).await;
    asked.cancel(id).await.unwrap();
    let ended = timeout(AT_ONCE, over(&asked, id)).await;
    assert_eq!(ended.expect("it was told").state, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_of_a_schedule_fires_once_however_many_nodes_there_are() {
    let scratch = Scratch::new().await;
    let nodes = [
        node(&scratch, "one", quick()).await,
        node(&scratch, "other", quick()).await,
    ];
    let schedule = NewSchedule {
        cron: "* * * * * *".into(),
        time_zone: "UTC".into(),
        task: puppet(json!({})),
        missed: MissedFirings::Skip,
        paused: false,
    };
    let made = nodes[0].create_schedule(schedule).await.unwrap();
    let first = made.next_fire_at.unwrap();
    eventually("three firings", async || {
        (all_tasks(&nodes[1]).await.len() >= 3).then_some(())
    })
    .await;
    let paused = nodes[1].pause_schedule(made.id, true).await.unwrap();
    let last = paused.last_fired_at.unwrap();
    let moments = last.millis_since(first) / 1_000 + 1;
    let tasks = all_tasks(&nodes[0]).await.len();
    assert!(
        i64::try_from(tasks).unwrap() <= moments,
        "{tasks} tasks of {moments} moments"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_lists_all_that_share_the_store() {
    let scratch = Scratch::new().await;
    let nodes = [
        node(&scratch, "one", quick()).await,
        node(&scratch, "other", quick()).await,
    ];
    for asked in &nodes {
        eventually("both to be listed", async || {
            let listed = asked.nodes().await.unwrap();
            let names: Vec<&str> = listed.iter().map(|node| node.name.as_str()).collect();
            (names == ["one", "other"]).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_leaves_alone_what_another_runs() {
    let scratch = Scratch::new().await;
    let one = node(&scratch, "one", quick()).await;
    let id = submit(&one, puppet(json!({ "wait": true }))).await;
    until_attempt(&one, id, 1).await;
    let other = node(&scratch, "other", quick()).await;
    let next = submit(&other, puppet(json!({}))).await;
    over(&other, next).await;
    let task = other.task(id).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Running, 1));
    one.cancel(id).await.unwrap();
    over(&other, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tasks_of_a_node_that_died_are_taken_over_when_their_leases_end() {
    let scratch = Scratch::new().await;
    let short = || Options {
        lease: Duration::from_secs(1),
        ..quick()
    };
    let dies = node(&scratch, "dies", short()).await;
    let act = json!({ "stubborn": true });
    let id = submit(&dies, puppet(act)).await;
    until_attempt(&dies, id, 1).await;
    // Nothing renews its lease any more.
    drop(dies);
    let lives = node(&scratch, "lives", short()).await;
    until_attempt(&lives, id, 2).await;
    let task = lives.task(id).await.unwrap();
    assert_eq!(task.node.as_deref(), Some("lives"));
    assert!(
        task.errors[0].message.contains("the node dies was silent"),
        "{:?}",
        task.errors
    );
    lives.cancel(id).await.unwrap();
    over(&lives, id).await;
}

/// What a worker that serves the kind `resize` asks for.
fn resizer(request: &str, wait: Duration) -> ClaimRequest {
    ClaimRequest {
        worker: "resizer".into(),
        kinds: vec![KindOffer {
            kind: "resize".into(),
            schema: Some(json!({ "required": ["width"] })),
            description: None,
        }],
        queues: None,
        limit: 1,
        wait_ms: u64::try_from(wait.as_millis()).unwrap(),
        request_id: Some(format!("a-request-that-is-secret-{request}")),
        finished: Vec::new(),
    }
}

async fn claim(engine: &Engine, request: ClaimRequest) -> Vec<ClaimedTask> {
    let granted = engine.claim(request).await.unwrap();
    let tasks = granted.answer.tasks.clone();
    granted.keep();
    tasks
}

fn resize() -> NewTask {
    NewTask::new("resize", json!({ "width": 1 }))
}

/// A worker waits at `asked` for a task that is submitted at `other`.
async fn handed_over(asked: &Engine, other: &Engine, request: &str) -> ClaimedTask {
    let waiting = {
        let (asked, request) = (asked.clone(), resizer(request, Duration::from_secs(30)));
        tokio::spawn(async move { claim(&asked, request).await })
    };
    eventually("the worker to wait", async || {
        (asked.waiting_claims() == 1).then_some(())
    })
    .await;
    // The kind is known there once it was told of.
    let id = eventually("a submit to be accepted", async || {
        let submitted = other.submit(resize()).await;
        submitted.ok().map(|submitted| submitted.task.id)
    })
    .await;
    let tasks = timeout(AT_ONCE, waiting).await.expect("it was told");
    let task = tasks.unwrap().pop().unwrap();
    assert_eq!(task.task, id);
    task
}

fn beat(task: &ClaimedTask) -> Beat {
    Beat {
        worker: "resizer".into(),
        items: vec![BeatItem {
            task: task.task,
            lease: task.lease.clone(),
            progress: None,
            output: Pieces::default(),
            spans: Vec::new(),
        }],
    }
}

fn completed(task: &ClaimedTask) -> FinishedAttempt {
    FinishedAttempt {
        task: task.task,
        lease: task.lease.clone(),
        outcome: AttemptOutcome::Complete,
        output: Pieces::default(),
        result: Some(JsonText::from(json!("done"))),
        error: None,
        retry_after_ms: None,
        permanent: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_served_by_all_nodes_as_by_one() {
    let scratch = Scratch::new().await;
    let one = node(&scratch, "one", quick()).await;
    let other = node(&scratch, "other", quick()).await;
    let task = handed_over(&one, &other, "first").await;
    // Sent again, and to another node, it is the same request.
    let again = claim(&other, resizer("first", Duration::ZERO)).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].task, &again[0].lease), (task.task, &task.lease));
    for asked in [&other, &one, &other] {
        let answer = asked.beat(beat(&task)).await.unwrap();
        assert_eq!(answer.items[0].status, AttemptStatus::Ok);
    }
    for asked in [&other, &one] {
        let ended = asked.end_attempts(vec![completed(&task)]).await.unwrap();
        assert_eq!(ended[0].status, AttemptStatus::Ok);
        assert_eq!(asked.task(task.task).await.unwrap().state, State::Completed);
    }
    let late = one.beat(beat(&task)).await.unwrap();
    assert_eq!(late.items[0].status, AttemptStatus::Lost);
    // What a worker offers is what every node checks payloads by.
    let wrong = NewTask::new("resize", json!({}));
    assert!(other.submit(wrong).await.is_err());
    let task = handed_over(&other, &one, "second").await;
    one.cancel(task.task).await.unwrap();
    let answer = other.beat(beat(&task)).await.unwrap();
    assert_eq!(answer.items[0].status, AttemptStatus::Cancel);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_worker_loses_its_attempt_once_however_many_nodes_look() {
    let scratch = Scratch::new().await;
    let short = || Options {
        first_lease: Duration::from_secs(1),
        ..quick()
    };
    let one = node(&scratch, "one", short()).await;
    let other = node(&scratch, "other", short()).await;
    let task = handed_over(&one, &other, "first").await;
    until(&other, task.task, State::Running).await;
    let next = claim(&other, resizer("second", Duration::from_secs(30))).await;
    assert_eq!((next[0].task, next[0].attempt), (task.task, 2));
    let late = one.beat(beat(&task)).await.unwrap();
    assert_eq!(late.items[0].status, AttemptStatus::Lost);
    let ended = other.end_attempts(vec![completed(&next[0])]).await.unwrap();
    assert_eq!(ended[0].status, AttemptStatus::Ok);
    let counted = [&one, &other].map(|node| node.worker_counts().expired_attempts);
    assert_eq!(counted.iter().sum::<u64>(), 1);
    let stored = one.task(task.task).await.unwrap();
    assert_eq!((stored.state, stored.errors.len()), (State::Completed, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_do_not_wake_each_other_for_what_none_of_them_takes() {
    let scratch = Scratch::new().await;
    let nodes = [
        node(&scratch, "one", quick()).await,
        node(&scratch, "other", quick()).await,
    ];
    let paused = QueueSettings {
        paused: true,
        ..QueueSettings::default()
    };
    nodes[0].set_queue("default", paused).await.unwrap();
    let id = submit(&nodes[1], puppet(json!({}))).await;
    until(&nodes[0], id, State::Queued).await;
    let batches = || -> u64 {
        let counts = nodes.iter().map(|node| node.journal().batches);
        counts.sum()
    };
    let before = batches();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Each renews and looks now and then.
    let since = batches() - before;
    assert!(since < 20, "{since} batches in a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_over_all_nodes_is_never_exceeded() {
    let scratch = Scratch::new().await;
    let nodes = [
        node(&scratch, "one", quick()).await,
        node(&scratch, "other", quick()).await,
    ];
    let limited = QueueSettings {
        max_running: Some(2),
        ..QueueSettings::default()
    };
    nodes[0].set_queue("narrow", limited).await.unwrap();
    let mut ids = HashSet::new();
    for number in 0..40 {
        let new = NewTask {
            queue: Some("narrow".into()),
            ..puppet(json!({ "lines": 20 }))
        };
        ids.insert(submit(&nodes[number % 2], new).await);
    }
    let narrow = async || {
        let queues = nodes[0].queues().await.unwrap();
        let found = queues.into_iter().find(|queue| queue.name == "narrow");
        found.unwrap().tasks
    };
    eventually("all tasks to end", async || {
        let tasks = narrow().await;
        assert!(tasks.running <= 2, "{tasks:?}");
        (tasks.completed == 40).then_some(())
    })
    .await;
    let ran_on: BTreeSet<_> = all_tasks(&nodes[1])
        .await
        .into_iter()
        .map(|task| task.node.unwrap())
        .collect();
    assert!(!ran_on.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_every_connection_loses_nothing_and_stops_nobody() {
    let scratch = Scratch::new().await;
    let asked = node(&scratch, "asked", idle()).await;
    let worker = node(&scratch, "worker", quick()).await;
    let waiting = submit(&asked, puppet(json!({ "wait": true }))).await;
    until_attempt(&asked, waiting, 1).await;
    for _ in 0..5 {
        scratch.cut_off().await;
        // One that was refused may be sent again: the server is there.
        let id = eventually("a submit to be accepted", async || {
            let submitted = worker.submit(puppet(json!({ "lines": 50 }))).await;
            submitted.ok().map(|submitted| submitted.task.id)
        })
        .await;
        // Its followers may have to come back as well.
        let task = eventually("the task to end", async || {
            let task = asked.task(id).await.ok()?;
            task.state.is_final().then_some(task)
        })
        .await;
        assert_eq!(task.state, State::Completed);
    }
    let task = eventually("an answer", async || asked.task(waiting).await.ok()).await;
    assert_eq!((task.state, task.attempt), (State::Running, 1));
    eventually("the cancel to be accepted", async || {
        asked.cancel(waiting).await.ok()
    })
    .await;
    let ended = eventually("the task to end", async || {
        let task = asked.task(waiting).await.ok()?;
        task.state.is_final().then_some(task.state)
    })
    .await;
    assert_eq!(ended, State::Cancelled);
    eventually("both to be ready", async || {
        (asked.ready().await.is_ok() && worker.ready().await.is_ok()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_counts_and_ends_on_every_node_at_once() {
    let scratch = Scratch::new().await;
    let one = node(&scratch, "one", idle()).await;
    let other = node(&scratch, "other", idle()).await;
    let mut keys = Vec::new();
    for name in ["first", "second"] {
        let new = NewKey {
            name: name.to_owned(),
            scope: Scope::Admin,
            kinds: Vec::new(),
            queues: Vec::new(),
            expires_in_ms: None,
        };
        keys.push(one.create_key(new).await.unwrap());
    }
    let (first, second) = (&keys[0], &keys[1]);
    let known = eventually("both keys", async || {
        let known = other.key_holder(&second.secret, None).ok();
        known.filter(|_| !other.is_open())
    });
    timeout(AT_ONCE, known).await.expect("it was told");
    let holder = other.key_holder(&first.secret, None).unwrap();
    let token = other
        .acting(holder.clone())
        .sign_in(Some("a browser"))
        .await
        .unwrap();
    let known = eventually("the session", async || {
        one.session_holder(token.reveal(), None).ok()
    });
    timeout(AT_ONCE, known).await.expect("it was told");

    one.revoke_key(first.key.id).await.unwrap();
    timeout(AT_ONCE, holder.ended()).await.expect("it was told");
    for node in [&one, &other] {
        let denied = node.key_holder(&first.secret, None).err();
        assert_eq!(denied, Some(Denied::Unknown));
        let denied = node.session_holder(token.reveal(), None).err();
        assert_eq!(denied, Some(Denied::Unknown));
        assert!(node.key_holder(&second.secret, None).is_ok());
    }
}
