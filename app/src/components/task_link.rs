//! The way to a task's page.

use glassworks_protocol::TaskId;
use leptos::prelude::*;

/// A task's kind and the end of its id. The beginning of a `UUIDv7` is the time, which tasks of
/// one minute share; its end is random.
#[component]
pub(crate) fn TaskLink(id: TaskId, kind: String) -> impl IntoView {
    let id = id.to_string();
    let end = id[id.len() - 8..].to_owned();
    let href = format!("/tasks/{id}");
    view! {
        <a class="task-link" href=href title=id>
            <span class="kind">{kind}</span>
            " "
            <span class="id">{end}</span>
        </a>
    }
}
