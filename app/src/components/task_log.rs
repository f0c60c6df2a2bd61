//! What happened to a task: its attempts, and its log without output and progress.

use glassworks_protocol::{Event, EventBody, StateReason};
use leptos::prelude::*;
use serde_json::json;

use super::{Elapsed, Moment, changing};
use crate::attempts::{Attempt, Outcome, attempts};
use crate::form::as_typed;
use crate::task_view::TaskView;
use crate::time::utc;

/// Each attempt, the latest first: when, how long, and how it ended.
#[component]
pub(crate) fn Attempts(view: RwSignal<TaskView>) -> impl IntoView {
    let list = Memo::new(move |_| view.with(|view| attempts(&view.task, &view.log)));
    let items = move || {
        list.get()
            .into_iter()
            .rev()
            .map(one_attempt)
            .collect::<Vec<_>>()
    };
    view! { <ol class="attempts">{changing(items)}</ol> }
}

fn one_attempt(attempt: Attempt) -> AnyView {
    let (class, outcome, message) = match attempt.outcome {
        Outcome::Running => ("is-running", "running", None),
        Outcome::Completed => ("is-completed", "completed", None),
        Outcome::Failed(message) => ("is-failed", "failed", Some(message)),
        Outcome::Cancelled => ("is-cancelled", "stopped: it was cancelled", None),
        Outcome::Lost => ("is-retrying", "lost: its node died or went silent", None),
        Outcome::Released => ("is-scheduled", "given back: its node shut down", None),
    };
    let started = attempt.started_at.map(|at| view! { <Moment at /> });
    view! {
        <li class=class>
            <span class="attempt-head">
                <strong>{format!("Attempt {}", attempt.number)}</strong>
                " "
                <span class="outcome">{outcome}</span>
                " "
                <Elapsed from=attempt.started_at to=attempt.ended_at />
            </span>
            <span class="quiet">{started}</span>
            <pre class="error-text">{message}</pre>
        </li>
    }
    .into_any()
}

/// The log: changes of state, spans, and limits that were reached.
#[component]
pub(crate) fn Log(view: RwSignal<TaskView>) -> impl IntoView {
    // Progress and output, which come often, leave the log as it is. The number is read and not
    // only tracked, because a memo that nobody reads follows nothing.
    let latest = Memo::new(move |_| view.with(|view| view.log.last().map_or(0, |last| last.seq)));
    let entries = move || {
        let _ = latest.get();
        view.with_untracked(|view| view.log.iter().map(entry).collect::<Vec<_>>())
    };
    let cut = move || {
        let words = if view.with(|view| view.cut) {
            "The latest entries. "
        } else {
            ""
        };
        words.to_owned()
    };
    let href = view.with_untracked(|view| format!("/api/tasks/{}/events", view.task.id));
    view! {
        <ol class="log">{changing(entries)}</ol>
        <p class="quiet">
            {changing(cut)} <a href=href rel="external">
                "All events as JSON"
            </a>
        </p>
    }
}

fn entry(event: &Event) -> AnyView {
    view! {
        <li>
            <span class="seq">{event.seq.to_string()}</span>
            <time datetime=event.at.to_string() title=utc(event.at)>
                {time_of_day(event)}
            </time>
            <span>{words(event)}</span>
        </li>
    }
    .into_any()
}

/// The time of day, to the millisecond: entries stand close together.
fn time_of_day(event: &Event) -> String {
    let written = event.at.to_string();
    written
        .split_once('T')
        .map_or(written.clone(), |(_, time)| time.to_owned())
}

fn words(event: &Event) -> String {
    match &event.body {
        EventBody::State {
            state,
            reason,
            run_at,
            ..
        } => {
            let reason = match reason {
                None => "",
                Some(StateReason::Due) => ": its time came",
                Some(StateReason::CancelRequested) => ": asked to stop",
                Some(StateReason::LeaseExpired) => ": its node died or went silent",
                Some(StateReason::Released) => ": its node shut down",
                Some(StateReason::RetryRequested) => ": somebody asked for another attempt",
                Some(StateReason::ClockSet) => ": a clock was set back",
            };
            let due = run_at
                .map(|at| format!(", due {}", utc(at)))
                .unwrap_or_default();
            format!("{state}{reason}{due}")
        }
        EventBody::Span {
            name,
            track,
            start_ms,
            end_ms,
            ..
        } => {
            let (start, end) = (as_typed(&json!(start_ms)), as_typed(&json!(end_ms)));
            format!("{name} ({track}), {start} to {end} ms")
        }
        EventBody::Truncated {
            what,
            limit,
            missing_events,
            missing_bytes,
            ..
        } => {
            let limit = match what.as_str() {
                "output" => format!("{limit} bytes of output"),
                _ => format!("{limit} events"),
            };
            format!(
                "{missing_events} events with {missing_bytes} bytes of output are missing here: of \
                 each attempt {limit} are kept"
            )
        }
        EventBody::Progress { .. } | EventBody::Output { .. } => String::new(),
    }
}
