//! Questions: lists with their filters and pages, events, counts.

use std::collections::HashSet;

use glassworks_engine::store::{End, Listing, NewRow, Place, Write};
use glassworks_protocol::{
    EventBody, State, StateCounts, TaskFilter, TaskId, TaskSummary, Timestamp, payload_summary,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::support::{
    ask, claim, everything, failed, finish, log, output, picture, progress, record, row, row_at,
    row_with_key, running, submit, submit_all, task,
};

/// Finds tasks in each of the ways of asking, which must agree.
async fn found(bench: &Bench, filter: TaskFilter) -> Vec<TaskId> {
    let mut ids: Vec<TaskId> = Vec::new();
    let mut place = Some(Place::Newest);
    while let Some(from) = place {
        let found = bench.summaries(filter.clone(), from, 2).await.unwrap();
        assert!(found.tasks.len() <= 2 && found.searched_until.is_none());
        ids.extend(found.tasks.iter().map(|task| task.id));
        place = found.next;
    }
    let all = everything(&**bench).await;
    let all: Vec<TaskId> = all.iter().map(|task| task.id).collect();
    let among = bench.summaries_of(all, filter.clone()).await.unwrap();
    let among: HashSet<TaskId> = among.iter().map(|task| task.id).collect();
    assert_eq!(among, ids.iter().copied().collect(), "{filter:?}");
    ids
}

/// A task in every state, with something of everything.
async fn a_mixture(bench: &Bench) -> Vec<TaskId> {
    let store = &**bench;
    let mut ids = vec![
        running(store, row_with_key("k")).await,
        submit(store, row_at(bench.clock.ahead(1_000))).await,
    ];
    record(store, ids[0], 1, vec![progress(0.5), output("x")])
        .await
        .unwrap();
    for end in [
        End::Completed(Some(r#"{"a":1}"#.to_owned())),
        failed(None),
        failed(Some(1_000)),
    ] {
        let id = running(store, row()).await;
        finish(store, id, 1, end).await.unwrap();
        ids.push(id);
    }
    let cancelled = submit(store, row()).await;
    ask(store, Write::Cancel(cancelled)).await.unwrap();
    ids.push(cancelled);
    let tagged = NewRow {
        tags: vec!["a".to_owned(), "b".to_owned()],
        ..row()
    };
    ids.push(submit(store, tagged).await);
    ids
}

pub(crate) async fn a_list_says_the_same_as_each_task(bench: Bench) {
    let ids = a_mixture(&bench).await;
    let listed = everything(&*bench).await;
    assert_eq!(listed.len(), ids.len());
    let all = TaskFilter::default();
    let found = bench.summaries(all, Place::Newest, 100).await.unwrap();
    for (listed, summary) in listed.iter().zip(found.tasks) {
        assert_eq!(task(&*bench, listed.id).await, *listed);
        let expected = TaskSummary {
            id: listed.id,
            kind: listed.kind.clone(),
            queue: listed.queue.clone(),
            state: listed.state,
            tags: listed.tags.clone(),
            attempt: listed.attempt,
            counted_attempts: listed.counted_attempts,
            max_attempts: listed.max_attempts,
            run_at: listed.run_at,
            created_at: listed.created_at,
            started_at: listed.started_at,
            finished_at: listed.finished_at,
            progress: listed.progress.clone(),
            error: listed.error.clone(),
            cancel_requested: listed.cancel_requested,
            last_seq: listed.last_seq,
            priority: listed.priority,
            timeout_ms: listed.timeout_ms,
            unique_key: listed.unique_key.clone(),
            schedule_id: listed.schedule_id,
            submitted_by: listed.submitted_by.clone(),
            node: listed.node.clone(),
            payload_summary: payload_summary::of(listed.payload.get()),
        };
        assert_eq!(summary, expected);
    }
}

pub(crate) async fn a_list_is_newest_first_and_read_in_pages(bench: Bench) {
    let rows: Vec<NewRow> = (0..7).map(|_| row()).collect();
    let mut expected: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
    submit_all(&*bench, rows).await.unwrap();
    expected.reverse();
    let ids = |found: &Listing| -> Vec<TaskId> { found.tasks.iter().map(|task| task.id).collect() };
    for filter in [
        TaskFilter::default(),
        TaskFilter {
            kind: Some("kind".to_owned()),
            ..TaskFilter::default()
        },
        TaskFilter {
            state: State::ALL.to_vec(),
            ..TaskFilter::default()
        },
    ] {
        for limit in [1, 3, 7, 100] {
            let page = async |place| bench.summaries(filter.clone(), place, limit).await.unwrap();
            let mut seen: Vec<TaskId> = Vec::new();
            let mut found = page(Place::Newest).await;
            assert_eq!(found.previous, None);
            loop {
                assert!(found.tasks.len() <= limit as usize);
                seen.extend(ids(&found));
                match found.next {
                    Some(next) => found = page(next).await,
                    None => break,
                }
            }
            assert_eq!(seen, expected, "in pages of {limit}");
            // And back again.
            let mut back = ids(&found);
            while let Some(previous) = found.previous {
                found = page(previous).await;
                let mut newer = ids(&found);
                assert!(newer.len() <= limit as usize);
                newer.extend(back);
                back = newer;
            }
            assert_eq!(back, expected, "back in pages of {limit}");
        }
    }
    // A place stays where it is when its task is gone.
    ask(&*bench, Write::Cancel(expected[2])).await.unwrap();
    ask(&*bench, Write::Delete(expected[2])).await.unwrap();
    for (place, expected) in [
        (Place::OlderThan(expected[2]), &expected[3..5]),
        (Place::NewerThan(expected[2]), &expected[0..2]),
    ] {
        let all = TaskFilter::default();
        let found = bench.summaries(all, place, 2).await.unwrap();
        assert_eq!(ids(&found), expected);
    }
}

pub(crate) async fn a_filter_lets_pass_what_meets_all_of_it(bench: Bench) {
    let named = |kind: &str, queue: &str, tags: &[&str]| NewRow {
        kind: kind.to_owned(),
        queue: queue.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..row()
    };
    let one = submit(&*bench, named("alpha", "left", &["red", "blue"])).await;
    let two = submit(&*bench, named("beta", "left", &["red"])).await;
    let three = submit(&*bench, named("alpha", "right", &[])).await;
    ask(&*bench, Write::Cancel(three)).await.unwrap();
    let filter = |kind: Option<&str>, queue: Option<&str>, tag: Option<&str>| TaskFilter {
        kind: kind.map(str::to_owned),
        queue: queue.map(str::to_owned),
        tag: tag.map(str::to_owned),
        ..TaskFilter::default()
    };
    for (filter, expected) in [
        (filter(None, None, None), vec![three, two, one]),
        (filter(Some("alpha"), None, None), vec![three, one]),
        (filter(Some("Alpha"), None, None), vec![]),
        (filter(Some("alph"), None, None), vec![]),
        (filter(None, Some("left"), None), vec![two, one]),
        (filter(None, None, Some("red")), vec![two, one]),
        (filter(None, None, Some("re")), vec![]),
        (filter(None, None, Some("red\", \"blue")), vec![]),
        (filter(Some("alpha"), Some("left"), Some("red")), vec![one]),
        (filter(Some("beta"), None, Some("blue")), vec![]),
    ] {
        assert_eq!(found(&bench, filter).await, expected);
    }
    for state in State::ALL {
        let filter = TaskFilter {
            state: vec![state],
            ..TaskFilter::default()
        };
        let expected = match state {
            State::Queued => vec![two, one],
            State::Cancelled => vec![three],
            _ => vec![],
        };
        assert_eq!(found(&bench, filter).await, expected, "{state}");
    }
    let several = |states: &[State], tag: Option<&str>| TaskFilter {
        state: states.to_vec(),
        tag: tag.map(str::to_owned),
        ..TaskFilter::default()
    };
    for (filter, expected) in [
        (
            several(&[State::Cancelled, State::Queued], None),
            vec![three, two, one],
        ),
        (
            several(&[State::Cancelled, State::Failed], None),
            vec![three],
        ),
        (
            several(&[State::Queued, State::Failed], Some("blue")),
            vec![one],
        ),
        (several(&[State::Cancelled], Some("blue")), vec![]),
    ] {
        assert_eq!(found(&bench, filter).await, expected);
    }
}

/// Tasks with ids of these moments: two in each, of which one is tagged and runs.
async fn at_moments(bench: &Bench, moments: &[i64]) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for (moment, number) in moments.iter().zip(1..) {
        for tagged in [false, true] {
            let first = TaskId::first_at(Timestamp::from_millis(*moment))
                .0
                .as_u128();
            let id = TaskId(Uuid::from_u128(first + number * 2 + u128::from(tagged)));
            let tags = if tagged { vec!["x".to_owned()] } else { vec![] };
            submit(&**bench, NewRow { id, tags, ..row() }).await;
            if tagged {
                assert!(claim(&**bench, 1).await.ids().len() == 1);
            }
            ids.push(id);
        }
    }
    ids.reverse();
    ids
}

pub(crate) async fn a_time_is_asked_for_by_ids(bench: Bench) {
    let at = |millis: i64| Timestamp::from_millis(1_800_000_000_000 + millis);
    let all = at_moments(&bench, &[0, 1, 2].map(|ms| at(ms).as_millis())).await;
    let within = |since: Option<i64>, until: Option<i64>| TaskFilter {
        since: since.map(at),
        until: until.map(at),
        ..TaskFilter::default()
    };
    for (since, until, expected) in [
        (Some(0), None, &all[..]),
        (Some(1), None, &all[..4]),
        (Some(3), None, &[]),
        (None, Some(3), &all[..]),
        (None, Some(1), &all[4..]),
        (None, Some(0), &[]),
        (Some(1), Some(2), &all[2..4]),
        (Some(2), Some(1), &[]),
        (Some(-1_800_000_000_001), None, &all[..]),
        (Some(i64::MAX / 2), None, &[]),
    ] {
        let time = within(since, until);
        assert_eq!(found(&bench, time.clone()).await, expected, "{time:?}");
        for (narrow, has) in [
            (
                TaskFilter {
                    kind: Some("kind".to_owned()),
                    ..time.clone()
                },
                None,
            ),
            (
                TaskFilter {
                    tag: Some("x".to_owned()),
                    ..time.clone()
                },
                Some(true),
            ),
            (
                TaskFilter {
                    q: Some("kind".to_owned()),
                    ..time.clone()
                },
                None,
            ),
        ] {
            let expected: Vec<TaskId> = expected
                .iter()
                .copied()
                .filter(|id| has.is_none_or(|tagged| (id.0.as_u128() & 1 == 1) == tagged))
                .collect();
            assert_eq!(found(&bench, narrow.clone()).await, expected, "{narrow:?}");
        }
    }
}

pub(crate) async fn what_matches_is_counted(bench: Bench) {
    let named = |kind: &str, queue: &str, tags: &[&str]| NewRow {
        kind: kind.to_owned(),
        queue: queue.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..row()
    };
    running(&*bench, row()).await;
    for _ in 0..3 {
        submit(&*bench, named("alpha", "left", &["red"])).await;
    }
    submit(&*bench, named("alpha", "right", &[])).await;
    let beta = submit(&*bench, named("beta", "left", &["red", "blue"])).await;
    ask(&*bench, Write::Cancel(beta)).await.unwrap();
    let now = Timestamp::now();
    let filter = |kind: Option<&str>, queue: Option<&str>, tag: Option<&str>| TaskFilter {
        kind: kind.map(str::to_owned),
        queue: queue.map(str::to_owned),
        tag: tag.map(str::to_owned),
        ..TaskFilter::default()
    };
    let in_time = |filter: TaskFilter| TaskFilter {
        since: Some(now.plus_millis(-3_600_000)),
        ..filter
    };
    let counts = |queued, running, cancelled| StateCounts {
        queued,
        running,
        cancelled,
        ..StateCounts::default()
    };
    for (filter, expected) in [
        (filter(None, None, None), counts(4, 1, 1)),
        (in_time(filter(None, None, None)), counts(4, 1, 1)),
        (
            TaskFilter {
                until: Some(now.plus_millis(-3_600_000)),
                ..filter(None, None, None)
            },
            counts(0, 0, 0),
        ),
        (filter(Some("alpha"), None, None), counts(4, 0, 0)),
        (filter(Some("alpha"), Some("left"), None), counts(3, 0, 0)),
        (in_time(filter(None, Some("left"), None)), counts(3, 0, 1)),
        (filter(None, None, Some("red")), counts(3, 0, 1)),
        (filter(None, None, Some("blue")), counts(0, 0, 1)),
        (in_time(filter(Some("kind"), None, None)), counts(0, 1, 0)),
        (filter(Some("a\u{0}"), None, None), counts(0, 0, 0)),
        (
            TaskFilter {
                state: vec![State::Running, State::Cancelled],
                ..filter(None, None, None)
            },
            counts(0, 1, 1),
        ),
        (
            TaskFilter {
                state: vec![State::Cancelled],
                ..in_time(filter(None, None, None))
            },
            counts(0, 0, 1),
        ),
    ] {
        let counted = bench.counts_of(filter.clone(), 100).await.unwrap();
        assert_eq!(counted, expected, "{filter:?}");
    }
    // Where they are counted one by one, it ends.
    for filter in [
        filter(None, None, Some("red")),
        in_time(filter(None, None, None)),
    ] {
        assert_eq!(bench.counts_of(filter, 2).await.unwrap().queued, 2);
    }
}

/// Every state, kind, queue and tag together, wherever the tasks have come from, and after a
/// restart.
pub(crate) async fn filters_follow_a_task_through_its_life(mut bench: Bench) {
    let tagged = |tags: &[&str]| NewRow {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..row()
    };
    let life = running(&*bench, tagged(&["a", "b", "a"])).await;
    submit(&*bench, tagged(&["b"])).await;
    submit(&*bench, tagged(&[])).await;
    let stays = async |bench: &Bench, state: State| {
        for one in State::ALL {
            for tag in [None, Some("a")] {
                for kind in [None, Some("kind")] {
                    for queue in [None, Some("default")] {
                        let filter = TaskFilter {
                            state: vec![one],
                            tag: tag.map(str::to_owned),
                            kind: kind.map(str::to_owned),
                            queue: queue.map(str::to_owned),
                            ..TaskFilter::default()
                        };
                        let has = found(bench, filter.clone()).await.contains(&life);
                        assert_eq!(has, one == state, "{filter:?}");
                    }
                }
            }
        }
    };
    stays(&bench, State::Running).await;
    finish(&*bench, life, 1, failed(Some(1_000))).await.unwrap();
    stays(&bench, State::Retrying).await;
    ask(&*bench, Write::Retry(life)).await.unwrap();
    stays(&bench, State::Queued).await;
    bench.reopen().await;
    stays(&bench, State::Queued).await;
    ask(&*bench, Write::Cancel(life)).await.unwrap();
    stays(&bench, State::Cancelled).await;
    ask(&*bench, Write::Delete(life)).await.unwrap();
    for tag in ["a", "b"] {
        let filter = TaskFilter {
            tag: Some(tag.to_owned()),
            ..TaskFilter::default()
        };
        assert!(!found(&bench, filter).await.contains(&life));
    }
}

pub(crate) async fn a_list_cuts_what_is_long_and_a_task_does_not(bench: Bench) {
    let long = "ü".repeat(100_000);
    let id = running(&*bench, row()).await;
    let told = vec![EventBody::Progress {
        fraction: 0.5,
        message: Some(long.clone()),
    }];
    record(&*bench, id, 1, told).await.unwrap();
    let message = format!("begins {long} ends");
    let end = End::Failed {
        message: message.clone(),
        ran_ms: 1,
        retry_in_ms: None,
    };
    finish(&*bench, id, 1, end).await.unwrap();
    let whole = task(&*bench, id).await;
    assert_eq!(whole.error.unwrap().message, message);
    let all = TaskFilter::default();
    let mut found = bench
        .summaries(all.clone(), Place::Newest, 9)
        .await
        .unwrap()
        .tasks;
    found.extend(bench.summaries_of(vec![id], all).await.unwrap());
    assert_eq!(found.len(), 2);
    for short in found {
        let progress = short.progress.unwrap().message.unwrap();
        assert!(progress.len() <= 500 && progress.ends_with("ü…"));
        // What went wrong is most often said at the end.
        let error = short.error.unwrap().message;
        assert!(error.len() <= 500, "{}", error.len());
        assert!(
            error.starts_with("begins ü") && error.ends_with("ü ends") && error.contains("ü…ü")
        );
    }
}

pub(crate) async fn whole_tasks_are_given_until_they_are_too_large(bench: Bench) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        let payload = format!("\"{}\"", "x".repeat(1_000));
        ids.push(submit(&*bench, NewRow { payload, ..row() }).await);
    }
    let gone = row().id;
    ids.insert(1, gone);
    for (most, expected) in [(0, 1), (1_001, 1), (2_500, 2), (u64::MAX, 5)] {
        let tasks = bench.tasks_of(ids.clone(), most).await.unwrap();
        let given: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
        let there: Vec<TaskId> = ids.iter().copied().filter(|id| *id != gone).collect();
        assert_eq!(given, there[..expected], "{most}");
    }
    assert!(bench.tasks_of(vec![gone], 9).await.unwrap().is_empty());
}

pub(crate) async fn of_many_failures_the_first_and_the_latest_are_told(bench: Bench) {
    let patient = NewRow {
        max_attempts: 1_000,
        ..row()
    };
    let id = running(&*bench, patient).await;
    for attempt in 1..=30_u32 {
        let end = End::Failed {
            message: format!("failure {attempt}"),
            ran_ms: 1,
            retry_in_ms: Some(0),
        };
        finish(&*bench, id, attempt, end).await.unwrap();
        let all = task(&*bench, id).await;
        let told: Vec<u32> = all.errors.iter().map(|failure| failure.attempt).collect();
        let latest = attempt.saturating_sub(20) + 1..=attempt;
        let mut expected: Vec<u32> = latest.collect();
        if expected[0] > 1 {
            expected.insert(0, 1);
        }
        assert_eq!(told, expected);
        assert_eq!(u64::from(attempt), all.errors_omitted + told.len() as u64);
        assert_eq!(all.error, all.errors.last().cloned());
        assert_eq!(claim(&*bench, 1).await.ids(), [id]);
    }
    let log = log(&*bench, id).await.unwrap();
    let failures = log
        .iter()
        .filter(|event| matches!(event.body, EventBody::State { error: Some(_), .. }));
    assert_eq!(failures.count(), 30);
}

pub(crate) async fn a_search_finds_text_as_it_reads(bench: Bench) {
    let with = |text: &str| NewRow {
        payload: serde_json::json!({ "text": text }).to_string(),
        ..row()
    };
    let search = async |text: &str| {
        let filter = TaskFilter {
            q: Some(text.to_owned()),
            ..TaskFilter::default()
        };
        found(&bench, filter).await
    };
    for (text, sought) in [
        (r"C:\temp\new", r"c:\TEMP\new"),
        (r#"say "hi""#, r#"say "hi""#),
        ("two\nlines", "two\nlines"),
        ("ÜBER", "über"),
        ("жук", "ЖУК"),
        ("a\u{0}b", "a\u{0}b"),
    ] {
        let id = submit(&*bench, with(&format!("<{text}>"))).await;
        assert_eq!(search(sought).await, [id], "{sought:?}");
    }
    // A NUL is a character like any other, and ends nothing.
    assert!(search("\u{0}x").await.is_empty());
    assert!(search("C:\u{0}").await.is_empty());
}

pub(crate) async fn what_a_text_names_comes_before_what_only_has_it(bench: Bench) {
    let mentions = || NewRow {
        payload: r#"{"about":"deploy"}"#.to_owned(),
        ..row()
    };
    let kind = NewRow {
        kind: "deploy".to_owned(),
        ..row()
    };
    let tag = NewRow {
        tags: vec!["deploy".to_owned()],
        payload: r#"{"about":"deploy"}"#.to_owned(),
        ..row()
    };
    let old = submit(&*bench, mentions()).await;
    let kind = submit(&*bench, kind).await;
    let tag = submit(&*bench, tag).await;
    let new = submit(&*bench, mentions()).await;
    submit(&*bench, row()).await;
    let search = |text: &str| TaskFilter {
        q: Some(text.to_owned()),
        ..TaskFilter::default()
    };
    let first = bench
        .summaries(search("deploy"), Place::Newest, 9)
        .await
        .unwrap();
    assert_eq!(
        first.tasks.iter().map(|task| task.id).collect::<Vec<_>>(),
        [tag, kind]
    );
    assert_eq!(found(&bench, search("deploy")).await, [tag, kind, new, old]);
    // The beginning of an id: these are of the same minute, or of two.
    let begun: String = old.to_string().chars().take(18).collect();
    assert!(found(&bench, search(&begun)).await.contains(&old));
    let queued = TaskFilter {
        state: vec![State::Cancelled],
        ..search(&old.to_string())
    };
    assert!(found(&bench, queued).await.is_empty());
}

pub(crate) async fn a_search_looks_at_id_kind_tags_payload_and_error(bench: Bench) {
    let by_kind = NewRow {
        kind: "needle-kind".to_owned(),
        ..row()
    };
    let by_tag = NewRow {
        tags: vec!["the needle tag".to_owned()],
        ..row()
    };
    let by_payload = NewRow {
        payload: r#"{"hay":"NEEDLE ü"}"#.to_owned(),
        ..row()
    };
    let mut expected = Vec::new();
    for row in [by_kind, by_tag, by_payload] {
        expected.push(submit(&*bench, row).await);
    }
    for id in expected.clone() {
        ask(&*bench, Write::Cancel(id)).await.unwrap();
    }
    let by_error = running(&*bench, row()).await;
    let end = End::Failed {
        message: "no needle here".to_owned(),
        ran_ms: 1,
        retry_in_ms: None,
    };
    finish(&*bench, by_error, 1, end).await.unwrap();
    expected.push(by_error);
    let other = NewRow {
        payload: r#"{"hay":"50% _x_ \\ "}"#.to_owned(),
        ..row()
    };
    let other = submit(&*bench, other).await;
    expected.reverse();

    let search = async |text: &str| {
        let filter = TaskFilter {
            q: Some(text.to_owned()),
            ..TaskFilter::default()
        };
        found(&bench, filter).await
    };
    assert_eq!(search("needle").await, expected);
    assert_eq!(search(" nEEdle  ").await, expected);
    assert_eq!(search("NEEDLE ü").await, [expected[1]]);
    for blank in ["", "  "] {
        assert_eq!(search(blank).await.len(), 5, "nothing is asked for");
    }
    for literal in ["50%", "% _", "_x_", "\\"] {
        assert_eq!(search(literal).await, [other], "{literal}");
    }
    for pattern in ["5_%", "%x%", "n%e", "'"] {
        assert!(search(pattern).await.is_empty(), "{pattern}");
    }
    let text = other.to_string();
    for part in [text.clone(), text.to_uppercase(), text[19..].to_owned()] {
        assert_eq!(search(&part).await, [other], "{part}");
    }
}

pub(crate) async fn only_those_asked_for_are_looked_up(bench: Bench) {
    let one = submit(&*bench, row()).await;
    submit(&*bench, row()).await;
    let gone = row().id;
    let queued = TaskFilter {
        state: vec![State::Queued],
        ..TaskFilter::default()
    };
    let found = bench
        .summaries_of(vec![gone, one, one], queued)
        .await
        .unwrap();
    let ids: Vec<TaskId> = found.iter().map(|task| task.id).collect();
    assert_eq!(ids, [one]);
    let all = TaskFilter::default();
    assert!(bench.summaries_of(vec![], all).await.unwrap().is_empty());
}

pub(crate) async fn events_are_read_in_pages(bench: Bench) {
    let id = running(&*bench, row()).await;
    let lines = (0..10).map(|line| output(&format!("{line}\n"))).collect();
    record(&*bench, id, 1, lines).await.unwrap();
    let whole = log(&*bench, id).await.unwrap();
    assert_eq!(whole.len(), 12);
    for limit in [1, 5, 12, 13] {
        let mut seen = Vec::new();
        loop {
            let after = seen.len() as u64;
            let page = bench
                .events(id, after, limit, u64::MAX)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((page.state, page.last_seq), (State::Running, 12));
            assert!(page.events.len() <= limit as usize);
            if page.events.is_empty() {
                break;
            }
            seen.extend(page.events);
        }
        assert_eq!(seen, whole, "in pages of {limit}");
    }
    for beyond in [12, 13, u64::MAX] {
        let page = bench
            .events(id, beyond, 9, u64::MAX)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((page.events.len(), page.last_seq), (0, 12));
    }
    let none = bench.events(id, 0, 0, u64::MAX).await.unwrap().unwrap();
    assert!(none.events.is_empty());
    assert!(
        bench
            .events(row().id, 0, 9, u64::MAX)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(bench.task(row().id).await.unwrap(), None);
}

pub(crate) async fn a_page_of_events_is_cut_by_bytes(bench: Bench) {
    let id = running(&*bench, row()).await;
    let long = "x".repeat(1_000);
    let lines = (0..10).map(|_| output(&long)).collect();
    record(&*bench, id, 1, lines).await.unwrap();
    let whole = log(&*bench, id).await.unwrap();
    // What an event takes beside its text is the store's own, and less than the text here.
    for (most, at_least, at_most) in [(0, 1, 1), (999, 1, 2), (4_500, 2, 4), (u64::MAX, 9, 9)] {
        let mut seen = whole[..3].to_vec();
        while seen.len() < whole.len() {
            let after = seen.len() as u64;
            let page = bench.events(id, after, 100, most).await.unwrap().unwrap();
            let left = whole.len() - seen.len();
            let cut = page.events.len();
            assert!(cut >= left.min(at_least) && cut <= at_most, "{most}: {cut}");
            assert_eq!(page.last_seq, 12);
            seen.extend(page.events);
        }
        assert_eq!(seen, whole, "in pages of {most} bytes");
    }
}

pub(crate) async fn counts_equal_a_recount_over_a_restart(mut bench: Bench) {
    let ids = a_mixture(&bench).await;
    let before = picture(&*bench).await;
    let counts = bench.counts().await.unwrap();
    for state in State::ALL {
        assert_eq!(counts.get(state), 1, "{state}");
    }
    bench.reopen().await;
    assert_eq!(picture(&*bench).await, before);
    for id in ids {
        let _ = ask(&*bench, Write::Delete(id)).await;
        picture(&*bench).await;
    }
}

pub(crate) async fn the_oldest_that_waits_is_found_across_queues_and_priorities(bench: Bench) {
    let oldest = async || bench.oldest_waiting().await.unwrap();
    assert_eq!(oldest().await, None);
    submit(&*bench, row_at(bench.clock.ahead(1_000))).await;
    assert_eq!(oldest().await, None, "what is not due does not wait");
    let first = bench.clock.now();
    for (queue, priority) in [("z", 9), ("a", 0), ("m", 5)] {
        let queued = NewRow {
            queue: queue.to_owned(),
            priority,
            ..row()
        };
        submit(&*bench, queued).await;
        bench.clock.advance(10);
    }
    assert_eq!(oldest().await, Some(first));
    // Taken in the order of priority: the oldest is the last.
    for left in [first, first] {
        claim(&*bench, 1).await;
        assert_eq!(oldest().await, Some(left));
    }
    claim(&*bench, 1).await;
    assert_eq!(oldest().await, None);
}

pub(crate) async fn a_store_says_what_it_is(bench: Bench) {
    submit(&*bench, row()).await;
    let figures = bench.figures().await.unwrap();
    assert!(!figures.kind.is_empty() && !figures.sync.is_empty());
    assert!(figures.size_bytes > 0);
}
