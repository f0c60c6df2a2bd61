//! A list of tasks in the document, of which each follows its task.

use glassworks_protocol::{TaskId, TaskSummary};
use leptos::prelude::*;

use super::changing;

/// Which tasks of a list are shown, in which order.
pub(crate) type Pick = fn(&[TaskSummary]) -> Vec<TaskId>;

/// The tasks that `pick` takes of `rows`, each drawn by `row` and again when it changes. New ones
/// come and old ones go without the others being touched.
#[component]
pub(crate) fn TaskRows(
    rows: RwSignal<Vec<TaskSummary>>,
    pick: Pick,
    row: fn(TaskSummary) -> AnyView,
) -> impl IntoView {
    let ids = move || rows.with(|rows| pick(rows));
    let one = move |id: TaskId| {
        changing(move || {
            let task = rows.with(|rows| rows.iter().find(|row| row.id == id).cloned());
            task.map_or_else(|| ().into_any(), row)
        })
    };
    view! { <For each=ids key=|id| *id children=one /> }
}
