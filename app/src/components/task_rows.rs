//! A list of tasks in the document, of which each follows its task.

use glassworks_protocol::{TaskId, TaskSummary};
use leptos::prelude::*;

use super::Erase;

/// The tasks of `rows`, each drawn by `row` and again when it changes. New ones come and old ones
/// go without the others being touched.
#[component]
pub(crate) fn TaskRows(
    #[prop(into)] rows: Signal<Vec<TaskSummary>>,
    row: fn(TaskSummary) -> AnyView,
) -> AnyView {
    let ids = move || rows.with(|rows| rows.iter().map(|row| row.id).collect::<Vec<_>>());
    let one = move |id: TaskId| {
        move || {
            let task = rows.with(|rows| rows.iter().find(|row| row.id == id).cloned());
            task.map(row)
        }
    };
    view! { <For each=ids key=|id| *id children=one /> }.erase()
}
