//! A store with everything in it that a store can have, by the ordinary writes.

use std::sync::Arc;

use glassworks_engine::Limits;
use glassworks_engine::store::access::{Access, Caused, KeyRow, SessionRow, Used};
use glassworks_engine::store::remote::{RemoteClaim, Report, Verdict, lease_hash};
use glassworks_engine::store::{
    Claim, Claimed, End, Firing, NewRow, Offer, OfferedKind, RequestKey, Store, Write,
};
use glassworks_protocol::{
    Actor, ActorKind, AuditEntry, AuditFilter, Event, EventBody, MissedFirings, NewTask, Queue,
    QueueSettings, RateLimit, Reach, RetryPolicy, Schedule, Scope, Task, TaskFilter, TaskId,
    Timestamp,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    ManualClock, claim, commit, failed, finish, list, output, picture, record, row, row_at,
    row_with_key, running, served, set_queue, submit, taken,
};

/// A text in which every store has something to escape.
pub(crate) const ODD: &str = "NUL \0, \\0, \\\\, \"quotes\", ünïcödé 🦀, a line\nand \u{1}";
/// A payload that a tree of values would change.
pub(crate) const PAYLOAD: &str = "{ \"z\": 1.00000000000000000000000010,\n\t\"a\": -0, \"big\": \
    123456789012345678901234567890, \"tiny\": 1e-400, \"text\": \"\\u0000 \\ud83e\\udd80 \\/\", \
    \"z2\": [ ] }";

/// Limits under which a log is soon too long.
pub(crate) fn limits() -> Limits {
    Limits {
        output_bytes: 64,
        ..Limits::default()
    }
}

fn by(name: &str, write: Write) -> Write {
    let actor = Actor {
        kind: ActorKind::Key,
        id: Some(Uuid::from_u128(7)),
        name: Some(name.to_owned()),
        from: Some("192.0.2.1".parse().unwrap()),
    };
    Write::By(Box::new(Caused {
        actor: Arc::new(actor),
        write,
    }))
}

/// Tasks in every state, with all that they can have.
async fn tasks(store: &dyn Store, clock: &ManualClock) {
    let full = NewRow {
        payload: PAYLOAD.to_owned(),
        tags: vec!["ü b".to_owned(), "a".to_owned()],
        retry: Some(RetryPolicy::default()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        submitted_by: Some(ODD.to_owned()),
        priority: 9,
        ..row()
    };
    let completed = running(store, full).await;
    let progress = |message: &str| EventBody::Progress {
        fraction: 0.1 + 0.2,
        message: Some(message.to_owned()),
    };
    let span = EventBody::Span {
        name: ODD.to_owned(),
        track: "a".to_owned(),
        start_ms: 0.1,
        end_ms: 1e21,
        attributes: json!({ "b": 1.5, "a": ODD }).as_object().unwrap().clone(),
    };
    let told = vec![output(ODD), progress(ODD), span, output("")];
    record(store, completed, 1, told).await.unwrap();
    clock.advance(5);
    // Longer than what is moved at a time.
    let result = format!("{{\"long\": \"{}\"}}", "x".repeat(5 * 1024 * 1024));
    let end = End::Completed(Some(result));
    finish(store, completed, 1, end).await.unwrap();

    let lost = running(store, row()).await;
    let why = End::Failed {
        message: ODD.to_owned(),
        ran_ms: 9,
        retry_in_ms: None,
    };
    finish(store, lost, 1, why).await.unwrap();

    let retrying = running(store, row_with_key("taken")).await;
    finish(store, retrying, 1, failed(Some(3_600_000)))
        .await
        .unwrap();
    submit(store, row_at(clock.ahead(3_600_000))).await;
    let unwanted = submit(store, row()).await;
    commit(store, by(ODD, Write::Cancel(unwanted))).await;

    // It says more than is kept, and is still at it.
    let chatty = running(store, row()).await;
    let lines = (0..40).map(|line| output(&format!("line {line}\n")));
    record(store, chatty, 1, lines.collect()).await.unwrap();
    record(store, chatty, 1, vec![progress("half\\way")])
        .await
        .unwrap();
    commit(store, Write::Cancel(chatty)).await;
}

/// Tasks of workers that ask over HTTP: one that is made, and one that has ended.
async fn remote(store: &dyn Store) {
    let mut leases = Vec::new();
    for request in ["first", "second"] {
        submit(store, row()).await;
        let claim = Write::Claim(Claim {
            node: "worker-1".to_owned(),
            served: served(),
            room: 1,
            lease_ms: 10_000,
            remote: Some(RemoteClaim {
                request: request.to_owned(),
                salt: [7; 16],
                max_bytes: 1_000,
            }),
        });
        let claimed: Claimed = taken(commit(store, claim).await.outcomes.remove(0))
            .tasks
            .remove(0);
        leases.push((claimed.id, claimed.lease.unwrap().token));
    }
    let (task, lease) = leases.remove(0);
    let done = Report {
        task,
        lease: lease_hash(&lease),
        output: Vec::new(),
        entries: Vec::new(),
        verdict: Some(Verdict::Completed(None)),
    };
    let reports = vec![done];
    let lease_ms = 10_000;
    commit(store, Write::Report { reports, lease_ms }).await;
    let offer = |kind: &str, schema: Option<&str>| Offer {
        kind: kind.to_owned(),
        schema: schema.map(str::to_owned),
        description: ODD.to_owned(),
        worker: "worker-1".to_owned(),
    };
    let offers = vec![
        offer("resize", Some(r#"{ "type": "object" }"#)),
        offer("mail", None),
    ];
    commit(store, Write::Offer(offers)).await;
}

async fn schedules(store: &dyn Store, clock: &ManualClock) {
    let schedule = |number: u128, error: Option<&str>| Schedule {
        id: Uuid::from_u128(number),
        cron: "*/5 * * * *".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        task: NewTask::new("kind", json!({ "text": ODD })),
        missed: MissedFirings::RunOnce,
        paused: error.is_some(),
        created_at: clock.now(),
        last_fired_at: None,
        next_fire_at: Some(clock.now()).filter(|_| error.is_none()),
        error: error.map(str::to_owned),
    };
    for schedule in [schedule(1, None), schedule(2, Some(ODD))] {
        commit(store, by("a", Write::SaveSchedule(Box::new(schedule)))).await;
    }
    let firing = Firing {
        schedule: Uuid::from_u128(1),
        due: clock.now(),
        next: Some(clock.ahead(300_000)),
        task: Some(NewRow {
            schedule_id: Some(Uuid::from_u128(1)),
            ..row()
        }),
        error: None,
    };
    commit(store, Write::Fire(Box::new(firing))).await;
}

async fn queues(store: &dyn Store, clock: &ManualClock) {
    let paused = QueueSettings {
        paused: true,
        paused_until: Some(clock.ahead(60_000)),
        ..QueueSettings::default()
    };
    set_queue(store, "paused", paused).await;
    let limited = QueueSettings {
        concurrency: Some(3),
        max_running: Some(4),
        rate: Some(RateLimit {
            tasks: 5,
            per_ms: 1_000,
        }),
        ..QueueSettings::default()
    };
    set_queue(store, "limited", limited).await;
    let of = |queue: &str, row: NewRow| NewRow {
        queue: queue.to_owned(),
        ..row
    };
    submit(store, of("paused", row_with_key(ODD))).await;
    submit(store, of("limited", row())).await;
    // That moves the pace of its queue.
    claim(store, 9).await;
}

async fn access(store: &dyn Store, clock: &ManualClock) {
    for number in [1, 2] {
        let key = KeyRow {
            id: Uuid::from_u128(number),
            hash: [u8::try_from(number).unwrap(); 32],
            name: format!("{ODD}{number}"),
            scope: Scope::Submit,
            reach: Reach {
                kinds: vec!["kind".to_owned(); usize::try_from(number).unwrap() - 1],
                queues: Vec::new(),
            },
            expires_in_ms: (number == 1).then_some(1_000),
        };
        commit(store, by("b", Write::SaveKey(Box::new(key)))).await;
    }
    let session = SessionRow {
        id: Uuid::from_u128(3),
        hash: [3; 32],
        key_id: Uuid::from_u128(1),
        expires_in_ms: 10_000,
        from: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some(ODD.to_owned()),
    };
    commit(store, Write::SaveSession(Box::new(session))).await;
    let used = Used {
        keys: vec![(Uuid::from_u128(1), clock.now())],
        sessions: Vec::new(),
    };
    commit(store, Write::SaveUse(used)).await;
}

/// Fills a store that has [`limits`].
pub(crate) async fn fill(store: &dyn Store, clock: &ManualClock) {
    tasks(store, clock).await;
    remote(store).await;
    access(store, clock).await;
    queues(store, clock).await;
    schedules(store, clock).await;
    let once = Write::SubmitOnce {
        rows: vec![row(), row()],
        request: RequestKey {
            key: "known \\ by this".to_owned(),
            fingerprint: [9; 32],
        },
    };
    commit(store, by("c", once)).await;
    // The newest entry of the audit log has a number that none has after it.
    commit(store, by("c", Write::Submit(vec![row()]))).await;
}

/// Everything that can be read of a store.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    tasks: Vec<(Task, Vec<Event>)>,
    tagged: Vec<TaskId>,
    of_schedule: Vec<TaskId>,
    queues: Vec<Queue>,
    schedules: Vec<Schedule>,
    access: Access,
    audit: Vec<AuditEntry>,
    kinds: Vec<OfferedKind>,
    waiting: Vec<(String, u64)>,
    oldest: Option<Timestamp>,
}

impl Everything {
    /// The number of the newest entry of the audit log.
    pub(crate) fn newest_audit(&self) -> i64 {
        self.audit.first().unwrap().id
    }
}

pub(crate) async fn everything(store: &dyn Store) -> Everything {
    let tagged = TaskFilter {
        tag: Some("ü b".to_owned()),
        ..TaskFilter::default()
    };
    let place = glassworks_engine::store::Place::Newest;
    let tagged = list(store, tagged, place, 9).await;
    let schedule = Uuid::from_u128(1);
    Everything {
        tasks: picture(store).await,
        tagged: tagged.iter().map(|task| task.id).collect(),
        of_schedule: store.schedule_tasks(schedule, 9).await.unwrap(),
        queues: store.queues().await.unwrap(),
        schedules: store.schedules().await.unwrap(),
        access: store.access().await.unwrap(),
        audit: store.audit(AuditFilter::default(), None, 99).await.unwrap(),
        kinds: store.kinds().await.unwrap(),
        waiting: store.queued_by_kind().await.unwrap(),
        oldest: store.oldest_waiting().await.unwrap(),
    }
}
