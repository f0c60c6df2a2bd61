//! One task as its page shows it: the task, and what its log has told since.

use glassworks_protocol::{
    Event, EventBody, Failure, OutputStream, Progress, State, StateReason, Task,
};
use serde::{Deserialize, Serialize};

#[cfg(any(feature = "ssr", test))]
use crate::output::Gathering;
use crate::output::{Output, Piece, Source};

/// At most this many log entries are shown; the whole log has a URL of its own.
const MAX_LOG: usize = 500;

/// A task and its log, up to one moment. Output has a place of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskView {
    /// The task, brought up to date by the events after it.
    pub(crate) task: Task,
    /// The latest events other than progress and output, oldest first.
    pub(crate) log: Vec<Event>,
    /// The `seq` of the latest event that was applied.
    pub(crate) seen: u64,
    /// Whether the log held more before it.
    pub(crate) cut: bool,
}

/// What a task's page starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskStory {
    /// The task and its log.
    pub(crate) view: TaskView,
    /// The end of its output.
    pub(crate) output: Output,
}

/// A story as its log is read. It holds no more than the page shows, however long that log is.
#[cfg(any(feature = "ssr", test))]
pub(crate) struct Reading {
    view: TaskView,
    printed: Gathering,
    begins_later: bool,
}

#[cfg(any(feature = "ssr", test))]
impl Reading {
    /// A task whose log is read from after `after`.
    pub(crate) fn new(task: Task, after: u64) -> Self {
        Self {
            view: TaskView::new(task, after),
            printed: Gathering::default(),
            begins_later: after > 0,
        }
    }

    /// Takes in the next event.
    pub(crate) fn push(&mut self, event: &Event) {
        self.view.apply(event);
        if let Some(piece) = printed(event) {
            self.printed.push(piece);
        }
    }

    pub(crate) fn story(self) -> TaskStory {
        let mut output = self.printed.output();
        output.cut |= self.begins_later;
        TaskStory {
            view: self.view,
            output,
        }
    }
}

/// What an event adds to the terminal: what was printed, or a line where output is missing.
pub(crate) fn printed(event: &Event) -> Option<Piece> {
    let (source, text) = match &event.body {
        EventBody::Output { stream, text } => {
            let source = match stream {
                OutputStream::Stdout => Source::Stdout,
                OutputStream::Stderr => Source::Stderr,
            };
            (source, text.clone())
        }
        other => (Source::Gap, other.gap()?),
    };
    Some(Piece {
        attempt: event.attempt,
        source,
        text,
    })
}

impl TaskView {
    /// A task whose log is known up to `seen`, but not at hand.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn new(task: Task, seen: u64) -> Self {
        Self {
            task,
            log: Vec::new(),
            seen,
            cut: seen > 0,
        }
    }

    /// Takes in the next event. Events that the task already counts only join the log.
    pub(crate) fn apply(&mut self, event: &Event) {
        if event.seq <= self.seen {
            return;
        }
        self.seen = event.seq;
        if event.seq > self.task.last_seq {
            self.task.last_seq = event.seq;
            advance(&mut self.task, event);
        }
        if !matches!(
            event.body,
            EventBody::Progress { .. } | EventBody::Output { .. }
        ) {
            self.log.push(event.clone());
            if self.log.len() > MAX_LOG {
                self.log.remove(0);
                self.cut = true;
            }
        }
    }

    /// Takes the task as the server has it, unless that is older than what is known here.
    pub(crate) fn replace(&mut self, task: Task) {
        if task.last_seq >= self.task.last_seq {
            self.task = task;
        }
    }
}

/// What an event changes in its task. The server sends the whole task after each change of state;
/// this fills the moment until then, and all progress.
pub(crate) fn advance(task: &mut Task, event: &Event) {
    match &event.body {
        EventBody::State {
            state,
            reason,
            error,
            run_at,
        } => {
            task.state = *state;
            task.counted_attempts += event.attempt.saturating_sub(task.attempt);
            task.attempt = event.attempt;
            task.finished_at = state.is_final().then_some(event.at);
            task.cancel_requested =
                *state == State::Running && *reason == Some(StateReason::CancelRequested);
            if *state == State::Running && !task.cancel_requested {
                task.started_at = Some(event.at);
                task.progress = None;
            }
            if let Some(run_at) = run_at {
                task.run_at = *run_at;
            }
            if let Some(message) = error {
                let failure = failure(task, event, message);
                task.errors.push(failure.clone());
                task.error = Some(failure);
            }
        }
        EventBody::Progress { fraction, message } => {
            task.progress = Some(Progress {
                fraction: *fraction,
                message: message.clone(),
            });
        }
        EventBody::Output { .. } | EventBody::Span { .. } | EventBody::Truncated { .. } => {}
    }
}

fn failure(task: &Task, event: &Event, message: &str) -> Failure {
    let ran = task
        .started_at
        .map_or(0, |start| event.at.millis_since(start));
    Failure {
        message: message.to_owned(),
        attempt: event.attempt,
        at: event.at,
        ran_ms: u64::try_from(ran).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::TaskView;
    use crate::fixture::{event, printed, state_event, story_of, task};
    use crate::output::Source;
    use glassworks_protocol::{EventBody, OutputStream, State, StateReason};

    #[test]
    fn events_bring_the_task_up_to_date() {
        let mut view = TaskView::new(task(State::Queued), 0);
        view.apply(&state_event(1, 1, 2_000, State::Running));
        view.apply(&event(
            2,
            1,
            2_500,
            EventBody::Progress {
                fraction: 0.5,
                message: Some("half".to_owned()),
            },
        ));
        assert_eq!(view.task.state, State::Running);
        assert_eq!(view.task.progress.as_ref().map(|p| p.fraction), Some(0.5));
        view.apply(&state_event(3, 1, 3_000, State::Completed));
        assert_eq!(view.task.state, State::Completed);
        assert_eq!(
            view.task
                .finished_at
                .map(glassworks_protocol::Timestamp::as_millis),
            Some(3_000)
        );
        assert_eq!(view.seen, 3);
        assert_eq!(view.log.len(), 2);
    }

    #[test]
    fn an_event_seen_before_changes_nothing() {
        let mut view = TaskView::new(task(State::Queued), 0);
        view.apply(&state_event(1, 1, 2_000, State::Running));
        let before = view.clone();
        view.apply(&state_event(1, 1, 2_000, State::Failed));
        assert_eq!(view, before);
    }

    #[test]
    fn the_backlog_does_not_turn_the_task_back() {
        let mut finished = task(State::Completed);
        finished.last_seq = 3;
        let story = story_of(
            finished,
            &[
                state_event(1, 1, 1_000, State::Running),
                printed(2, "hello\n"),
            ],
        );
        assert_eq!(story.view.task.state, State::Completed);
        assert_eq!(story.output.pieces[0].text, "hello\n");
    }

    #[test]
    fn missing_output_is_shown_where_it_is_missing() {
        let gap = EventBody::Truncated {
            what: "output".to_owned(),
            limit: 9,
            first_seq: 2,
            missing_events: 3,
            missing_bytes: 12,
        };
        let remark = EventBody::Output {
            stream: OutputStream::Stderr,
            text: "the end\n".to_owned(),
        };
        let events = [
            printed(1, "the beginning"),
            event(4, 1, 1_000, gap),
            event(5, 1, 1_000, remark),
        ];
        let story = story_of(task(State::Running), &events);
        let pieces = story.output.pieces.iter();
        let pieces: Vec<_> = pieces
            .map(|piece| (piece.source, piece.text.as_str()))
            .collect();
        let line = "\n[... 12 bytes of output are missing here ...]\n";
        assert_eq!(
            pieces,
            [
                (Source::Stdout, "the beginning"),
                (Source::Gap, line),
                (Source::Stderr, "the end\n")
            ]
        );
    }

    #[test]
    fn a_stale_answer_is_not_taken() {
        let mut view = TaskView::new(task(State::Queued), 0);
        view.apply(&state_event(1, 1, 2_000, State::Running));
        view.replace(task(State::Queued));
        assert_eq!(view.task.state, State::Running);
    }

    #[test]
    fn asked_to_stop_is_not_stopped() {
        let mut view = TaskView::new(task(State::Queued), 0);
        view.apply(&state_event(1, 1, 2_000, State::Running));
        let mut asked = state_event(2, 1, 2_500, State::Running);
        if let EventBody::State { reason, .. } = &mut asked.body {
            *reason = Some(StateReason::CancelRequested);
        }
        view.apply(&asked);
        assert!(view.task.cancel_requested);
        assert_eq!(view.task.state, State::Running);
        assert_eq!(
            view.task
                .started_at
                .map(glassworks_protocol::Timestamp::as_millis),
            Some(2_000)
        );
        view.apply(&state_event(3, 1, 3_000, State::Cancelled));
        assert!(!view.task.cancel_requested);
    }
}
