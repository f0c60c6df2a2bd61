//! A task in words for a person.

use std::fmt::Write as _;

use glassworks_protocol::{State, Task, Timestamp};

use super::plain;

/// How it ended, in a line.
pub(super) fn outcome(task: &Task) -> String {
    let ran = task.started_at.zip(task.finished_at);
    let ran = ran.map_or(String::new(), |(from, to)| {
        format!(" after {} ms", to.millis_since(from).max(0))
    });
    match (&task.error, task.state) {
        (Some(error), State::Failed) => {
            format!("failed in attempt {}: {}", task.attempt, error.message)
        }
        (_, state) => format!("{state}{ran}"),
    }
}

/// All that is known of it.
pub(super) fn page(task: &Task) -> String {
    let mut page = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a text cannot fail.
            let _ = writeln!(page, "{name:<10}{}", plain(value));
        }
    };
    let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.to_string());
    line("id", &task.id.to_string());
    line("kind", &task.kind);
    let stopping = if task.cancel_requested && !task.state.is_final() {
        ", asked to stop"
    } else {
        ""
    };
    line("state", &format!("{}{stopping}", task.state));
    line("attempt", &task.attempts_in_words());
    line(
        "queue",
        &format!("{}, priority {}", task.queue, task.priority),
    );
    line("tags", &task.tags.join(", "));
    line("unique", task.unique_key.as_deref().unwrap_or_default());
    line("by", task.submitted_by.as_deref().unwrap_or_default());
    line("node", task.node.as_deref().unwrap_or_default());
    line("created", &task.created_at.to_string());
    line("due", &task.run_at.to_string());
    line("started", &time(task.started_at));
    line("finished", &time(task.finished_at));
    if let Some(progress) = &task.progress {
        let message = progress.message.as_deref().unwrap_or_default();
        line(
            "progress",
            &format!("{:.0} % {message}", progress.fraction * 100.0),
        );
    }
    for failure in &task.errors {
        line(
            "error",
            &format!(
                "attempt {} at {}: {}",
                failure.attempt, failure.at, failure.message
            ),
        );
    }
    line("payload", task.payload.get());
    if let Some(result) = &task.result {
        line("result", result.get());
    }
    page
}
