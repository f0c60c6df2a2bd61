use std::fmt::Debug;

use glassworks_protocol::{
    EventBody, FieldError, KindInfo, Problem, ProblemCode, Progress, ServerMessage, State,
    StateCounts, StateReason, Stats, TaskCounts, TaskPage, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Unreadable, read};
use crate::fixture::{event, failure, id, printed, state_event, story_of, summary, task};
use crate::functions::{Board, TaskList};
use crate::refused::Refused;

/// `value` as it is read again.
fn again<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, Unreadable> {
    read(&serde_json::to_string(value).unwrap())
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(again(&value), Ok(value));
}

fn stats() -> Stats {
    Stats {
        node: "n".to_owned(),
        version: "0".to_owned(),
        started_at: Timestamp::from_millis(0),
        uptime_ms: 1,
        tasks: StateCounts::default(),
        since_start: StateCounts::default(),
        workers: 100,
        busy_workers: 1,
    }
}

#[test]
fn what_pages_start_from_comes_back() {
    let page = || TaskPage {
        tasks: vec![summary(1, 1), summary(2, 1)],
        next_cursor: Some("c".to_owned()),
        previous_cursor: None,
        searched_until: None,
    };
    let mut failed = task(State::Failed);
    failed.result = Some(json!([null, true, -1, 0.1, u64::MAX, "ü\n", { "a": {} }]).into());
    failed.progress = Some(Progress {
        fraction: 0.1 + 0.2,
        message: None,
    });
    failed.errors = vec![failure(1, 1_000, "first")];
    failed.error = failed.errors.last().cloned();
    let story = story_of(failed, &[printed(1, "a\n")]);
    comes_back(answered(Board {
        stats: stats(),
        running: page(),
        failed: page(),
    }));
    comes_back(answered(TaskList {
        page: page(),
        kinds: vec!["sleep".to_owned()],
        counts: Some(TaskCounts {
            tasks: StateCounts::default(),
            most: Some(10_000),
        }),
    }));
    comes_back(answered(story));
    comes_back(answered(vec![KindInfo {
        kind: "sleep".to_owned(),
        description: String::new(),
        schema: json!({ "type": "object" }),
        example: json!({}),
    }]));
    let problem = Problem::new(ProblemCode::Invalid).with_errors(vec![FieldError::new("/a", "b")]);
    comes_back((Err::<Board, _>(Refused::new(problem)), ()));
}

/// What a page waits for: the answer, and what it was wanted for.
fn answered<T>(data: T) -> (Result<T, Refused>, String) {
    (Ok(data), "1".to_owned())
}

#[test]
fn what_is_heard_comes_back() {
    let waits = EventBody::State {
        state: State::Retrying,
        reason: Some(StateReason::LeaseExpired),
        error: Some("no route".to_owned()),
        run_at: Some(Timestamp::from_millis(5)),
    };
    let span = EventBody::Span {
        name: "GET".to_owned(),
        track: "a".to_owned(),
        start_ms: 0.5,
        end_ms: 2.0,
        attributes: serde_json::Map::from_iter([("status".to_owned(), json!(200))]),
    };
    let events = vec![
        state_event(1, 1, 1_000, State::Running),
        printed(2, "a\n"),
        event(3, 1, 1_000, waits),
        event(4, 1, 1_000, span),
    ];
    comes_back(ServerMessage::Events { sub: 1, events });
    comes_back(ServerMessage::Task {
        sub: 2,
        task: Box::new(task(State::Running)),
    });
    comes_back(ServerMessage::Tasks {
        sub: 3,
        upsert: vec![summary(1, 1)],
        removed: vec![id(2)],
        reload: true,
    });
    comes_back(ServerMessage::Stats {
        sub: 4,
        stats: Box::new(stats()),
    });
    comes_back(ServerMessage::Problem {
        sub: None,
        problem: Problem::new(ProblemCode::BadRequest),
    });
    comes_back(ServerMessage::Heartbeat);
}

#[test]
fn a_number_stays_what_it_was() {
    for text in [
        "5",
        "5.0",
        "-3",
        "18446744073709551615",
        "0.30000000000000004",
        "1e300",
    ] {
        let value: Value = read(text).unwrap();
        assert_eq!(
            Ok(value),
            serde_json::from_str(text).map_err(drop),
            "{text}"
        );
    }
}

#[test]
fn a_field_that_is_not_known_is_let_be() {
    let mut written = serde_json::to_value(failure(1, 1_000, "a")).unwrap();
    written["new"] = json!({ "x": [1.5] });
    assert_eq!(read(&written.to_string()), Ok(failure(1, 1_000, "a")));
}

#[test]
fn what_is_something_else_is_refused() {
    for text in [
        "",
        "{",
        "{}",
        "[1]",
        "\"running",
        "\"odd\"",
        "{\"running\":1}",
        "7",
        "null",
    ] {
        assert_eq!(read::<State>(text), Err(Unreadable), "{text}");
    }
    assert_eq!(read::<u8>("256"), Err(Unreadable));
    assert_eq!(read::<u64>("1.0"), Err(Unreadable));
}
