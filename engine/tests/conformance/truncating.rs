//! A log is bounded: what is no longer kept is said once, and changes of state always are.

use glassworks_engine::Limits;
use glassworks_engine::store::End;
use glassworks_protocol::{EventBody, State, TaskId};

use crate::bench::Bench;
use crate::support::{bodies, claim, failed, finish, output, progress, record, row, running, task};

fn truncated(what: &str, limit: u64) -> EventBody {
    EventBody::Truncated {
        what: what.to_owned(),
        limit,
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

pub(crate) async fn output_is_kept_to_its_limit_exactly(mut bench: Bench) {
    with_output_limit(&mut bench, 10).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["01234", "56789"]).await;
    let kept = [output("01234"), output("56789")];
    assert_eq!(bodies(&*bench, id).await[2..], kept, "all of it fits");
    print(&bench, id, 1, &["x", "y"]).await;
    print(&bench, id, 1, &["z"]).await;
    let told = truncated("output", 10);
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [kept[0].clone(), kept[1].clone(), told],
        "it is told once"
    );
}

pub(crate) async fn output_over_its_limit_is_cut_between_characters(mut bench: Bench) {
    with_output_limit(&mut bench, 10).await;
    for (text, kept) in [
        ("0123456789abc", Some("0123456789")),
        ("012345678ü", Some("012345678")),
        ("0123456🦀", Some("0123456")),
        ("01234567ü9", Some("01234567ü")),
    ] {
        let id = running(&*bench, row()).await;
        print(&bench, id, 1, &[text]).await;
        let mut expected: Vec<EventBody> = kept.map(output).into_iter().collect();
        expected.push(truncated("output", 10));
        assert_eq!(bodies(&*bench, id).await[2..], expected, "{text}");
    }
}

pub(crate) async fn other_entries_go_on_after_the_last_output(mut bench: Bench) {
    with_output_limit(&mut bench, 1).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["ab"]).await;
    record(&*bench, id, 1, vec![progress(0.5), output("c")])
        .await
        .unwrap();
    let again = failed(Some(0));
    finish(&*bench, id, 1, again).await.unwrap();
    claim(&*bench, 1).await;
    print(&bench, id, 2, &["of the next attempt"]).await;
    finish(&*bench, id, 2, End::Completed(None)).await.unwrap();
    let log = bodies(&*bench, id).await;
    assert_eq!(
        log[2..5],
        [output("a"), truncated("output", 1), progress(0.5)]
    );
    let states_only = |event: &EventBody| matches!(event, EventBody::State { .. });
    assert!(log[5..].iter().all(states_only), "{log:?}");
}

pub(crate) async fn events_over_their_limit_leave_changes_of_state(mut bench: Bench) {
    with_event_limit(&mut bench, 5).await;
    let id = running(&*bench, row()).await;
    let steps = [0.1, 0.2, 0.3, 0.4].map(progress);
    record(&*bench, id, 1, steps.to_vec()).await.unwrap();
    record(&*bench, id, 1, vec![output("x"), progress(0.5)])
        .await
        .unwrap();
    let log = bodies(&*bench, id).await;
    assert_eq!(
        log[2..],
        [progress(0.1), progress(0.2), truncated("events", 5)]
    );
    let shown = task(&*bench, id).await.progress.unwrap();
    assert!(
        shown.fraction > 0.4,
        "the task itself still shows how far it is"
    );

    let again = failed(Some(0));
    finish(&*bench, id, 1, again).await.unwrap();
    claim(&*bench, 1).await;
    record(&*bench, id, 2, vec![output("x")]).await.unwrap();
    finish(&*bench, id, 2, End::Completed(None)).await.unwrap();
    let states: Vec<State> = bodies(&*bench, id).await[5..]
        .iter()
        .map(|event| match event {
            EventBody::State { state, .. } => *state,
            other => panic!("{other:?} came after the limit"),
        })
        .collect();
    let expected = [
        State::Retrying,
        State::Queued,
        State::Running,
        State::Completed,
    ];
    assert_eq!(states, expected);
}

pub(crate) async fn limits_are_remembered_over_a_restart(mut bench: Bench) {
    with_output_limit(&mut bench, 4).await;
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["123"]).await;
    bench.reopen().await;
    print(&bench, id, 1, &["45"]).await;
    bench.reopen().await;
    print(&bench, id, 1, &["6"]).await;
    assert_eq!(
        bodies(&*bench, id).await[2..],
        [output("123"), output("4"), truncated("output", 4)]
    );
}

pub(crate) async fn limits_can_be_lowered_below_what_is_kept(mut bench: Bench) {
    let id = running(&*bench, row()).await;
    print(&bench, id, 1, &["0123456789", "0123456789"]).await;
    with_output_limit(&mut bench, 5).await;
    print(&bench, id, 1, &["x"]).await;
    with_event_limit(&mut bench, 2).await;
    print(&bench, id, 1, &["y"]).await;
    assert_eq!(
        bodies(&*bench, id).await[4..],
        [truncated("output", 5), truncated("events", 2)]
    );
    finish(&*bench, id, 1, End::Completed(None)).await.unwrap();
}
