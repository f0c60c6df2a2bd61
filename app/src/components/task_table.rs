//! Tasks in a table, each row following its task.

use glassworks_protocol::{State, TaskId, TaskSummary};
use leptos::prelude::*;

use super::{Elapsed, Moment, ProgressBar, StateBadge, TaskLink, run_start};

/// A table of tasks; new rows come and old ones change in place.
#[component]
pub(crate) fn TaskTable(rows: RwSignal<Vec<TaskSummary>>) -> AnyView {
    let ids = move || rows.with(|rows| rows.iter().map(|row| row.id).collect::<Vec<_>>());
    view! {
        <table class="tasks">
            <caption class="visually-hidden">"Tasks, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"State"</th>
                    <th scope="col">"Task"</th>
                    <th scope="col" class="wide">"Queue"</th>
                    <th scope="col">"Progress"</th>
                    <th scope="col" class="wide">"Attempt"</th>
                    <th scope="col" class="wide">"Took"</th>
                    <th scope="col">"Submitted"</th>
                </tr>
            </thead>
            <tbody>
                <For each=ids key=|id| *id let(id)>
                    <Row rows id />
                </For>
            </tbody>
        </table>
    }
    .into_any()
}

/// The row of one task, by its id: what it shows follows the list.
#[component]
fn Row(rows: RwSignal<Vec<TaskSummary>>, id: TaskId) -> impl IntoView {
    let find = move |rows: &Vec<TaskSummary>| rows.iter().find(|row| row.id == id).cloned();
    let Some(first) = rows.with_untracked(find) else {
        return ().into_any();
    };
    let kind = first.kind.clone();
    // A row on its way out shows what it showed last.
    let task = Memo::new(move |last: Option<&TaskSummary>| {
        rows.with(find)
            .or_else(|| last.cloned())
            .unwrap_or_else(|| first.clone())
    });
    let state = Memo::new(move |_| task.with(|task| task.state));
    let cancel_requested = Signal::derive(move || task.with(|task| task.cancel_requested));
    let from = Signal::derive(move || task.with(|task| run_start(task.state, task.started_at)));
    let to = Signal::derive(move || task.with(|task| task.finished_at));
    let created_at = Signal::derive(move || task.with(|task| task.created_at));
    let labels = move || task.with(|task| task.tags.join(", "));
    view! {
        <tr>
            <td>
                <StateBadge state cancel_requested />
            </td>
            <td class="task-cell">
                <TaskLink id kind />
                <span class="tags">{labels}</span>
            </td>
            <td class="wide">{move || task.with(|task| task.queue.clone())}</td>
            <td class="progress-cell">
                <Note task state />
            </td>
            <td class="wide number">
                {move || task.with(|task| format!("{} of {}", task.attempt, task.max_attempts))}
            </td>
            <td class="wide number">
                <Elapsed from to />
            </td>
            <td class="number">
                <Moment at=created_at />
            </td>
        </tr>
    }
    .into_any()
}

/// What there is to say about a task in its state: progress, why it failed, or when it is due.
#[component]
fn Note(task: Memo<TaskSummary>, state: Memo<State>) -> impl IntoView {
    move || match state.get() {
        State::Running => {
            let progress = Signal::derive(move || task.with(|task| task.progress.clone()));
            let label =
                task.with_untracked(|task| format!("Progress of {} {}", task.kind, task.id));
            view! { <ProgressBar progress label /> }.into_any()
        }
        State::Failed | State::Retrying => view! {
            <span class="error-line">
                {move || {
                    task.with(|task| task.error.as_ref().map(|error| error.message.clone()))
                }}
            </span>
        }
        .into_any(),
        State::Scheduled => {
            let due = Signal::derive(move || task.with(|task| task.run_at));
            view! { <span class="quiet">"due " <Moment at=due /></span> }.into_any()
        }
        State::Queued | State::Completed | State::Cancelled => ().into_any(),
    }
}
