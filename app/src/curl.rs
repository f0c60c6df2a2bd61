//! The same thing as curl.

use glassworks_protocol::{NewTask, Task, TaskId};

use crate::query;

/// Submits `task`.
pub(crate) fn submit(origin: &str, task: &NewTask) -> String {
    let body = serde_json::to_string(task).unwrap_or_default();
    format!(
        "curl -i {} \\\n  -H 'content-type: application/json' \\\n  -d {}",
        quote(&format!("{origin}/api/tasks")),
        quote(&body)
    )
}

/// Submits a task like `task` again.
pub(crate) fn submit_again(origin: &str, task: &Task) -> String {
    let mut new = NewTask::new(&task.kind, task.payload.clone());
    new.queue = (task.queue != NewTask::DEFAULT_QUEUE).then(|| task.queue.clone());
    new.priority = (task.priority != NewTask::DEFAULT_PRIORITY).then_some(task.priority);
    new.max_attempts =
        (task.max_attempts != NewTask::DEFAULT_MAX_ATTEMPTS).then_some(task.max_attempts);
    new.timeout_ms = (task.timeout_ms != NewTask::DEFAULT_TIMEOUT_MS).then_some(task.timeout_ms);
    new.unique_key.clone_from(&task.unique_key);
    new.tags.clone_from(&task.tags);
    submit(origin, &new)
}

/// Prints a task's output as it comes.
pub(crate) fn follow_output(origin: &str, id: TaskId) -> String {
    format!(
        "curl -N {}",
        quote(&format!("{origin}/api/tasks/{id}/output?follow=true"))
    )
}

/// Asks for `path` with what was typed into its form; what is empty is left out. `live` shows what comes
/// as it comes.
pub(crate) fn get(origin: &str, path: &str, typed: &[(String, String)], live: bool) -> String {
    let given = typed.iter().filter(|(_, value)| !value.is_empty());
    let query = query::encode(given.map(|(name, value)| (name.as_str(), value.as_str())));
    let mark = if query.is_empty() { "" } else { "?" };
    let flag = if live { "-N" } else { "-i" };
    format!(
        "curl {flag} {}",
        quote(&format!("{origin}{path}{mark}{query}"))
    )
}

/// Prints a task's events after `after` as they come: the same log as over its WebSocket.
pub(crate) fn follow_events(origin: &str, id: &str, after: &str) -> String {
    let after = if after.is_empty() { "0" } else { after };
    format!(
        "curl -N -H 'accept: text/event-stream' \\\n  {}",
        quote(&format!("{origin}/api/tasks/{id}/events?after={after}"))
    )
}

/// Shows a task.
pub(crate) fn show(origin: &str, id: TaskId) -> String {
    format!("curl {}", quote(&format!("{origin}/api/tasks/{id}")))
}

/// One word for a POSIX shell, whatever is in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{get, submit};
    use glassworks_protocol::NewTask;
    use serde_json::json;

    #[test]
    fn what_was_not_given_is_not_asked_for() {
        let typed = [("seconds", "3"), ("timeout", ""), ("word", "it's ü")];
        let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let line = get("http://h", "/api/slow", &typed, false);
        assert_eq!(
            line,
            "curl -i 'http://h/api/slow?seconds=3&word=it%27s+%C3%BC'"
        );
        assert_eq!(
            get("http://h", "/livez", &[], true),
            "curl -N 'http://h/livez'"
        );
    }

    #[test]
    fn a_quote_in_the_payload_stays_in_the_payload() {
        let task = NewTask::new("sleep", json!({ "note": "it's" }));
        let line = submit("http://127.0.0.1:8000", &task);
        assert_eq!(
            line,
            "curl -i 'http://127.0.0.1:8000/api/tasks' \\\n  \
             -H 'content-type: application/json' \\\n  \
             -d '{\"kind\":\"sleep\",\"payload\":{\"note\":\"it'\\''s\"}}'"
        );
    }
}
