//! Keys, sessions, and the log of who changed what.

use std::sync::Arc;

use glassworks_engine::store::access::{Access, Caused, KeyRow, SessionRow, Used};
use glassworks_engine::store::{Firing, Outcome, Refusal, Store, Write};
use glassworks_protocol::{
    Actor, ActorKind, AuditAction, AuditEntry, AuditFilter, QueueSettings, Reach, Scope, TaskFilter,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::support::{commit, row, running, submit};

fn actor(name: &str) -> Actor {
    Actor {
        kind: ActorKind::Key,
        id: Some(Uuid::from_u128(7)),
        name: Some(name.to_owned()),
        from: Some("192.0.2.1".parse().unwrap()),
    }
}

fn by(name: &str, write: Write) -> Write {
    Write::By(Box::new(Caused {
        actor: Arc::new(actor(name)),
        write,
    }))
}

fn key(number: u8, name: &str) -> KeyRow {
    KeyRow {
        id: Uuid::from_u128(number.into()),
        hash: [number; 32],
        name: name.to_owned(),
        scope: Scope::Submit,
        reach: Reach {
            kinds: vec!["kind".to_owned()],
            queues: Vec::new(),
        },
        expires_in_ms: Some(1_000),
    }
}

fn session(number: u8, key: u8) -> SessionRow {
    SessionRow {
        id: Uuid::from_u128(number.into()),
        hash: [number; 32],
        key_id: Uuid::from_u128(key.into()),
        expires_in_ms: 10_000,
        from: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("a browser".to_owned()),
    }
}

async fn outcome(store: &dyn Store, write: Write) -> Outcome {
    commit(store, write).await.outcomes.remove(0)
}

async fn save_key(store: &dyn Store, key: KeyRow) -> Result<(), Refusal> {
    match outcome(store, Write::SaveKey(Box::new(key))).await {
        Outcome::KeySaved(saved) => saved,
        other => panic!("saving a key was answered with {other:?}"),
    }
}

async fn access(store: &dyn Store) -> Access {
    store.access().await.unwrap()
}

async fn log(store: &dyn Store, filter: AuditFilter) -> Vec<AuditEntry> {
    store.audit(filter, None, 100).await.unwrap()
}

pub(crate) async fn a_key_reads_back_as_it_was_saved(mut bench: Bench) {
    let now = bench.clock.now();
    save_key(&*bench, key(1, "one")).await.unwrap();
    bench.reopen().await;
    let stored = access(&*bench).await.keys.remove(0);
    assert_eq!(stored.hash, [1; 32]);
    let key_1 = stored.key;
    assert_eq!(key_1.id, Uuid::from_u128(1));
    assert_eq!((&*key_1.name, key_1.scope), ("one", Scope::Submit));
    assert_eq!(key_1.reach, key(1, "one").reach);
    assert_eq!(key_1.created_at, now);
    assert_eq!(key_1.expires_at, Some(now.plus_millis(1_000)));
    assert_eq!(key_1.last_used_at, None);
    let used = Used {
        keys: vec![(key_1.id, now)],
        sessions: Vec::new(),
    };
    outcome(&*bench, Write::SaveUse(used)).await;
    assert_eq!(access(&*bench).await.keys[0].key.last_used_at, Some(now));
}

pub(crate) async fn a_keys_name_is_its_own(bench: Bench) {
    save_key(&*bench, key(1, "one")).await.unwrap();
    let twin = save_key(&*bench, key(2, "one")).await;
    assert_eq!(twin, Err(Refusal::NameTaken));
    save_key(&*bench, key(2, "two")).await.unwrap();
    let revoke = Write::RevokeKey(Uuid::from_u128(1));
    let revoked = outcome(&*bench, revoke.clone()).await;
    assert!(matches!(revoked, Outcome::KeyRevoked(Some(name)) if name == "one"));
    let again = outcome(&*bench, revoke).await;
    assert!(matches!(again, Outcome::KeyRevoked(None)));
    save_key(&*bench, key(3, "one")).await.unwrap();
}

pub(crate) async fn sessions_end_with_their_key_or_by_themselves(bench: Bench) {
    save_key(&*bench, key(1, "one")).await.unwrap();
    save_key(&*bench, key(2, "two")).await.unwrap();
    for (number, key) in [(10, 1), (11, 1), (12, 2), (13, 2), (14, 2)] {
        let write = Write::SaveSession(Box::new(session(number, key)));
        outcome(&*bench, write).await;
        bench.clock.advance(1);
    }
    let stored = access(&*bench).await.sessions.remove(0);
    assert_eq!(stored.hash, [10; 32]);
    assert_eq!(stored.from, session(10, 1).from);
    assert_eq!(stored.user_agent, session(10, 1).user_agent);
    assert_eq!(stored.last_used_at, stored.created_at);
    assert_eq!(stored.expires_at, stored.created_at.plus_millis(10_000));

    outcome(&*bench, Write::RevokeKey(Uuid::from_u128(1))).await;
    let left = async || -> Vec<u128> {
        let sessions = access(&*bench).await.sessions;
        sessions.iter().map(|one| one.id.as_u128()).collect()
    };
    assert_eq!(left().await, [12, 13, 14]);
    let end = Write::EndSession(Uuid::from_u128(12));
    let ended = outcome(&*bench, end.clone()).await;
    assert!(matches!(ended, Outcome::SessionEnded(true)));
    let ended = outcome(&*bench, end).await;
    assert!(matches!(ended, Outcome::SessionEnded(false)));
    bench.clock.advance(5_000);
    let used = Used {
        keys: Vec::new(),
        sessions: vec![(Uuid::from_u128(14), bench.clock.now())],
    };
    outcome(&*bench, Write::SaveUse(used)).await;
    let prune = Write::PruneSessions {
        idle_ms: 4_000,
        limit: 9,
    };
    let pruned = outcome(&*bench, prune.clone()).await;
    assert!(matches!(pruned, Outcome::Pruned(1)), "{pruned:?}");
    assert_eq!(left().await, [14]);
    bench.clock.advance(5_000);
    let used = Used {
        keys: Vec::new(),
        sessions: vec![(Uuid::from_u128(14), bench.clock.now())],
    };
    outcome(&*bench, Write::SaveUse(used)).await;
    let pruned = outcome(&*bench, prune).await;
    assert!(matches!(pruned, Outcome::Pruned(1)), "it has expired");
}

pub(crate) async fn what_changed_something_is_in_the_log_and_nothing_else(bench: Bench) {
    let now = bench.clock.now();
    let task = row();
    let id = task.id;
    let busy = running(&*bench, row()).await;
    let firing = |next: i64| {
        let task = row();
        let firing = Firing {
            schedule: Uuid::from_u128(9),
            due: now,
            next: Some(now.plus_millis(next)),
            task: Some(task),
            error: None,
        };
        Write::Fire(Box::new(firing))
    };
    let batch = vec![
        by("a", Write::Submit(vec![task])),
        by("a", Write::Cancel(id)),
        by("a", Write::Cancel(id)),
        by("a", Write::Retry(id)),
        by("a", Write::Retry(id)),
        by("b", Write::Delete(id)),
        by("b", Write::Cancel(busy)),
        // Asked once more, which changes nothing.
        by("b", Write::Cancel(busy)),
        by("b", Write::Submit(Vec::new())),
        by("b", Write::Submit(vec![row(), row(), row()])),
        by("b", firing(1)),
        by(
            "b",
            Write::SaveQueue {
                name: "q".to_owned(),
                settings: QueueSettings::default(),
            },
        ),
        by("b", Write::DeleteSchedule(Uuid::from_u128(5))),
        by("b", Write::RevokeKey(Uuid::from_u128(5))),
        by("b", Write::EndSession(Uuid::from_u128(5))),
        Write::Cancel(busy),
    ];
    bench.commit(batch).await.unwrap();
    let entries = log(&*bench, AuditFilter::default()).await;
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            (
                entry.action,
                entry.actor.name.as_deref().unwrap(),
                entry.tasks,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (AuditAction::SubmitTask, "a", None),
            (AuditAction::CancelTask, "a", None),
            (AuditAction::RetryTask, "a", None),
            (AuditAction::CancelTask, "b", None),
            (AuditAction::SubmitTask, "b", Some(3)),
            (AuditAction::SetQueue, "b", None),
        ]
    );
    assert_eq!(entries.last().unwrap().target, id.to_string());
    assert!(entries.iter().all(|entry| entry.at == now));
    assert_eq!(entries[0].actor, actor("b"));
}

pub(crate) async fn the_log_is_read_in_pages_and_by_what_is_asked(bench: Bench) {
    let mut moments = Vec::new();
    for number in 0..6 {
        let name = if number % 2 == 0 { "even" } else { "odd" };
        let write = Write::SaveQueue {
            name: format!("queue-{number}"),
            settings: QueueSettings::default(),
        };
        moments.push(bench.clock.now());
        commit(&*bench, by(name, write)).await;
        commit(&*bench, by(name, Write::Submit(vec![row()]))).await;
        bench.clock.advance(10);
    }
    let count = async |filter: AuditFilter| log(&*bench, filter).await.len();
    let all = AuditFilter::default;
    assert_eq!(count(all()).await, 12);
    let actor = Some("odd".to_owned());
    assert_eq!(count(AuditFilter { actor, ..all() }).await, 6);
    let actor = Some(Uuid::from_u128(7).to_string());
    assert_eq!(count(AuditFilter { actor, ..all() }).await, 12);
    for action in [AuditAction::SetQueue, AuditAction::SubmitTask] {
        let action = Some(action);
        assert_eq!(count(AuditFilter { action, ..all() }).await, 6);
    }
    let target = Some("queue-3".to_owned());
    assert_eq!(count(AuditFilter { target, ..all() }).await, 1);
    let between = AuditFilter {
        since: Some(moments[1]),
        until: Some(moments[4]),
        ..all()
    };
    assert_eq!(count(between).await, 6);
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = bench.audit(all(), before, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, log(&*bench, all()).await);
    let older_ms = 25;
    let prune = Write::PruneAudit { older_ms, limit: 5 };
    for pruned in [5, 3, 0] {
        let outcome = outcome(&*bench, prune.clone()).await;
        assert!(matches!(outcome, Outcome::Pruned(count) if count == pruned));
    }
    assert_eq!(count(all()).await, 4);
}

pub(crate) async fn a_list_shows_only_what_is_reached(bench: Bench) {
    let mut own = Vec::new();
    for (kind, queue) in [
        ("kind", "own"),
        ("kind", "other"),
        ("foreign", "own"),
        ("kind", "own"),
    ] {
        let mut new = row();
        kind.clone_into(&mut new.kind);
        queue.clone_into(&mut new.queue);
        new.tags = vec!["tag".to_owned()];
        new.submitted_by = Some("somebody".to_owned());
        let id = submit(&*bench, new).await;
        if (kind, queue) == ("kind", "own") {
            own.push(id);
        }
    }
    own.reverse();
    let reach = Arc::new(Reach {
        kinds: vec!["kind".to_owned()],
        queues: vec!["own".to_owned()],
    });
    let of = |filter: TaskFilter| TaskFilter {
        reach: Some(Arc::clone(&reach)),
        ..filter
    };
    let word = |text: &str| Some(text.to_owned());
    let begins = own[0].to_string()[..8].to_owned();
    for filter in [
        TaskFilter::default(),
        TaskFilter {
            tag: word("tag"),
            ..TaskFilter::default()
        },
        TaskFilter {
            q: word("kind"),
            ..TaskFilter::default()
        },
        TaskFilter {
            q: Some(begins),
            ..TaskFilter::default()
        },
    ] {
        let place = glassworks_engine::store::Place::Newest;
        let listing = bench.summaries(of(filter.clone()), place, 9).await.unwrap();
        let ids: Vec<_> = listing.tasks.iter().map(|task| task.id).collect();
        assert_eq!(ids, own, "{filter:?}");
        let by = listing.tasks[0].submitted_by.as_deref();
        assert_eq!(by, Some("somebody"));
    }
    let none = TaskFilter {
        queue: word("other"),
        ..TaskFilter::default()
    };
    let place = glassworks_engine::store::Place::Newest;
    let listing = bench.summaries(of(none), place, 9).await.unwrap();
    assert!(listing.tasks.is_empty());
}
