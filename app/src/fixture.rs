//! Small builders for the tests.

use glassworks_protocol::{Event, EventBody, Failure, State, Task, TaskId, TaskSummary, Timestamp};
use serde_json::json;

use crate::task_view::{Reading, TaskStory};

/// The id of the `n`th test task; later ones sort later.
pub(crate) fn id(n: u32) -> TaskId {
    format!("00000000-0000-7000-8000-{n:012}")
        .parse()
        .expect("twelve digits make a valid id")
}

/// A `sleep` task in `state`, without events yet.
pub(crate) fn task(state: State) -> Task {
    let at = Timestamp::from_millis(1_000);
    Task {
        state,
        ..Task::queued(id(1), "sleep", json!({ "seconds": 1 }), at)
    }
}

/// What a list shows of the `n`th test task.
pub(crate) fn summary(n: u32, last_seq: u64) -> TaskSummary {
    let at = Timestamp::from_millis(1_000);
    TaskSummary {
        id: id(n),
        kind: "sleep".to_owned(),
        queue: "default".to_owned(),
        state: State::Running,
        tags: Vec::new(),
        attempt: 1,
        counted_attempts: 1,
        max_attempts: 5,
        run_at: at,
        created_at: at,
        started_at: Some(at),
        finished_at: None,
        progress: None,
        error: None,
        cancel_requested: false,
        last_seq,
        priority: 5,
        timeout_ms: 900_000,
        unique_key: None,
        schedule_id: None,
        submitted_by: None,
        node: None,
        payload_summary: "seconds: 1".to_owned(),
    }
}

/// An event of the first test task at `at` milliseconds.
pub(crate) fn event(seq: u64, attempt: u32, at: i64, body: EventBody) -> Event {
    Event {
        task_id: id(1),
        seq,
        attempt,
        at: Timestamp::from_millis(at),
        body,
    }
}

/// A plain change of state.
pub(crate) fn state_event(seq: u64, attempt: u32, at: i64, state: State) -> Event {
    event(seq, attempt, at, EventBody::state(state))
}

/// Something printed.
pub(crate) fn printed(seq: u64, text: &str) -> Event {
    event(seq, 1, 1_000, EventBody::output(text))
}

/// A failed attempt that had run half a second.
pub(crate) fn failure(attempt: u32, at: i64, message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        attempt,
        at: Timestamp::from_millis(at),
        ran_ms: 500,
    }
}

/// The story of a task whose whole log is `events`.
pub(crate) fn story_of(task: Task, events: &[Event]) -> TaskStory {
    let mut reading = Reading::new(task, 0);
    for event in events {
        reading.push(event);
    }
    reading.story()
}
