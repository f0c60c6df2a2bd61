//! A log is bounded: of each attempt its beginning and its end are kept, what is missing between is
//! said, and changes of state are never missing.

use glassworks_engine::Limits;
use glassworks_engine::store::{End, Write};
use glassworks_protocol::{EventBody, State, StateReason, TaskId};

use crate::bench::Bench;
use crate::support::{
    ask, bodies, claim, commit, failed, finish, log, output, progress, record, row, running, task,
};

/// The mark where so many events and bytes are missing, from `first_seq` on.
fn mark(what: &str, limit: u64, first_seq: u64, missing: (u64, u64)) -> EventBody {
    EventBody::Truncated {
        what: what.to_owned(),
        limit,
        first_seq,
        missing_events: missing.0,
        missing_bytes: missing.1,
    }
}

async fn with_output_limit(bench: &mut Bench, output_bytes: u64) {
    bench
        .limit(Limits {
            output_bytes,
            ..Limits::default()
        })
        .await;
}

async fn with_event_limit(bench: &mut Bench, events: u64) {
    bench
        .limit(Limits {
            events,
            ..Limits::default()
        })
        .await;
}

async fn print(bench: &Bench, id: TaskId, attempt: u32, texts: &[&str]) {
    let entries = texts.iter().map(|text| output(text)).collect();
    record(&**bench, id, attempt, entries).await.unwrap();
}

/// What was printed during an attempt, and how many bytes of it are said to be missing.
async fn printed(bench: &Bench, id: TaskId, attempt: u32) -> (String, u64) {
    let mut text = String::new();
    let mut missing = 0;
    for event in log(&**bench, id).await.unwrap() {
        match &event.body {
            EventBody::Output { text: more, .. } if event.attempt == attempt => text.push_str(more),
            EventBody::Truncated { missing_bytes, .. } if event.attempt == attempt => {
                missing += missing_bytes;
                text.push('|');
            }
            _ => {}
        }
    }
    (text, missing)
}

pub(crate) async fn output_is_kept_to_its_limit_exactly(mut bench: Bench) {
    with_output_limit(&mut bench, 16).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["01234", "567", "89ab", "cdef"]).await;
    let kept = ["01234", "567", "89ab", "cdef"].map(output);
    assert_eq!(bodies(&*bench, id).await[2..], kept, "all of it fits");
    print(&bench, id, 1, &["x", "y"]).await;
    print(&bench, id, 1, &["z"]).await;
    let [first, second, _, fourth] = kept;
    let gap = mark("output", 16, 5, (1, 4));
    let latest = ["x", "y", "z"].map(output);
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [&[first, second, gap, fourth], &latest[..]].concat(),
    );
    let log = log(&*bench, id).await.unwrap();
    assert_eq!(log[4].seq, 5, "the mark is in the place of what is missing");
}

pub(crate) async fn output_over_its_limit_is_cut_between_characters(mut bench: Bench) {
    with_output_limit(&mut bench, 20).await;
    for (text, kept, missing) in [
        ("0123456789abcdefghij", "0123456789abcdefghij", 0),
        ("0123456789abcdefghijk", "0123456789|bcdefghijk", 1),
        ("012345678üabcdefghijk", "012345678|bcdefghijk", 3),
        ("0123456789üabcdefghi", "0123456789|abcdefghi", 2),
        ("0123456789abc🦀defghij", "0123456789|defghij", 7),
        ("🦀🦀🦀🦀🦀🦀🦀", "🦀🦀|🦀🦀", 12),
    ] {
        let id = running(&*bench, row()).await;
        print(&bench, id, 1, &[text]).await;
        let found = printed(&bench, id, 1).await;
        assert_eq!(found, (kept.to_owned(), missing), "{text}");
        finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
    }
}

pub(crate) async fn the_end_of_a_long_output_is_kept(mut bench: Bench) {
    with_output_limit(&mut bench, 1_000).await;
    let id = running(&*bench, row()).await;
    let lines: Vec<String> = (0..1_000).map(|line| format!("line {line:03}\n")).collect();
    let all = lines.concat();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for some in lines.chunks(7) {
        print(&bench, id, 1, some).await;
    }
    let (text, missing) = printed(&bench, id, 1).await;
    let (first, last) = text.split_once('|').unwrap();
    assert!(!last.contains('|'), "one mark stands for all: {last}");
    assert_eq!(first, &all[..500]);
    assert!(all.ends_with(last), "{last}");
    assert!((400..=500).contains(&last.len()), "{last}");
    assert_eq!(first.len() + last.len() + usize::try_from(missing).unwrap(), all.len());
}

pub(crate) async fn the_next_attempt_is_not_mute(mut bench: Bench) {
    with_output_limit(&mut bench, 8).await;
    let id = running(&*bench, row()).await;
    for attempt in 1..=3 {
        print(&bench, id, attempt, &["0123456789ab", "the reason"]).await;
        if attempt < 3 {
            finish(&*bench, id, attempt, failed(Some(0))).await.unwrap();
            claim(&*bench, 1).await;
        }
    }
    for attempt in 1..=3 {
        let found = printed(&bench, id, attempt).await;
        assert_eq!(found, ("0123|ason".to_owned(), 14), "of {attempt}");
    }
}

pub(crate) async fn other_entries_go_on_after_the_last_output(mut bench: Bench) {
    with_output_limit(&mut bench, 1).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["ab"]).await;
    record(&*bench, id, 1, vec![progress(0.5), progress(0.6)])
        .await
        .unwrap();
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [
            mark("output", 1, 3, (0, 1)),
            output("b"),
            progress(0.5),
            progress(0.6)
        ]
    );
}

pub(crate) async fn events_over_their_limit_leave_the_first_and_the_latest(mut bench: Bench) {
    with_event_limit(&mut bench, 6).await;
    let id = running(&*bench, row()).await;
    let steps: Vec<EventBody> = (1..=9).map(|step| progress(f64::from(step))).collect();
    let write = Write::Record {
        task: id,
        attempt: 1,
        entries: steps.clone(),
    };
    let committed = commit(&*bench, write).await;
    let told: Vec<EventBody> = committed
        .events
        .into_iter()
        .map(|event| event.body)
        .collect();
    assert_eq!(told, steps, "who follows sees all of them");
    let gap = [mark("events", 6, 6, (3, 0))];
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [&steps[..3], &gap, &steps[6..]].concat()
    );
    let shown = task(&*bench, id).await.progress.unwrap();
    assert!((shown.fraction - 9.0).abs() < f64::EPSILON);
}

pub(crate) async fn the_latest_event_is_kept_however_low_the_limit(mut bench: Bench) {
    for limit in [0, 1] {
        with_event_limit(&mut bench, limit).await;
        let id = running(&*bench, row()).await;
        for step in [0.1, 0.2, 0.3] {
            record(&*bench, id, 1, vec![progress(step)]).await.unwrap();
        }
        assert_eq!(
            bodies(&*bench, id).await[2..],
            [mark("events", limit, 3, (2, 0)), progress(0.3)]
        );
        finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
    }
}

pub(crate) async fn changes_of_state_are_never_missing(mut bench: Bench) {
    with_event_limit(&mut bench, 4).await;
    let id = running(&*bench, row()).await;
    for text in ["1", "2", "3", "4"] {
        print(&bench, id, 1, &[text]).await;
    }
    ask(&*bench, Write::Cancel(id)).await.unwrap();
    for text in ["5", "6", "7", "8"] {
        print(&bench, id, 1, &[text]).await;
    }
    finish(&*bench, id, 1, End::Stopped).await.unwrap();
    let asked = EventBody::State {
        state: State::Running,
        reason: Some(StateReason::CancelRequested),
        error: None,
        run_at: None,
    };
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [
            output("1"),
            output("2"),
            asked,
            mark("events", 4, 5, (4, 4)),
            output("7"),
            output("8"),
            EventBody::state(State::Cancelled),
        ]
    );
}

pub(crate) async fn whoever_reads_on_learns_what_is_missing(mut bench: Bench) {
    with_event_limit(&mut bench, 8).await;
    let id = running(&*bench, row()).await;
    for step in 0..20 {
        record(&*bench, id, 1, vec![progress(f64::from(step))])
            .await
            .unwrap();
    }
    for after in 0..22 {
        let mut next = after + 1;
        let mut told = 0;
        loop {
            let page = bench.events(id, next - 1, 1, u64::MAX).await.unwrap();
            let Some(event) = page.unwrap().events.pop() else {
                break;
            };
            if let EventBody::Truncated { first_seq, .. } = event.body {
                assert!(first_seq <= next, "{first_seq} is not before {next}");
                told += 1;
            } else {
                assert_eq!(event.seq, next, "after {after}");
            }
            next = event.seq + 1;
        }
        assert_eq!(next, 23, "all is read, after {after}");
        // What is missing is 7 to 18.
        assert_eq!(told, u32::from(after < 18), "after {after}");
    }
}

pub(crate) async fn limits_are_remembered_over_a_restart(mut bench: Bench) {
    with_output_limit(&mut bench, 6).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["12"]).await;
    bench.reopen().await;
    print(&bench, id, 1, &["345"]).await;
    bench.reopen().await;
    print(&bench, id, 1, &["67"]).await;
    bench.reopen().await;
    print(&bench, id, 1, &["8"]).await;
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [
            output("12"),
            output("3"),
            mark("output", 6, 5, (1, 2)),
            output("67"),
            output("8")
        ]
    );
}

pub(crate) async fn limits_can_be_lowered_below_what_is_kept(mut bench: Bench) {
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["0123456789", "0123456789"]).await;
    with_output_limit(&mut bench, 4).await;
    print(&bench, id, 1, &["x", "y"]).await;
    with_event_limit(&mut bench, 2).await;
    print(&bench, id, 1, &["z"]).await;
    let kept = ["0123456789", "0123456789"].map(output);
    assert_eq!(bodies(&*bench, id).await[2..4], kept, "what is kept stays");
    assert_eq!(
        bodies(&*bench, id).await[4..],
        [mark("events", 2, 5, (2, 2)), output("z")]
    );
    finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
}

pub(crate) async fn the_beginning_is_kept_when_limits_are_raised(mut bench: Bench) {
    with_output_limit(&mut bench, 4).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["ab", "c", "de"]).await;
    bench.limit(Limits::default()).await;
    print(&bench, id, 1, &["f"]).await;
    let found = printed(&bench, id, 1).await;
    assert_eq!(found, ("ab|def".to_owned(), 1));
}
