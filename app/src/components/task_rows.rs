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
        // A row on its way out keeps what it showed last.
        let task = Memo::new(move |last: Option<&Option<TaskSummary>>| {
            let found = rows.with(|rows| rows.iter().find(|row| row.id == id).cloned());
            found.or_else(|| last.cloned().flatten())
        });
        move || task.get().map(row)
    };
    view! { <For each=ids key=|id| *id children=one /> }.erase()
}
