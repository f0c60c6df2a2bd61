//! Tasks in a table.

use glassworks_protocol::{State, TaskId, TaskSummary};
use leptos::prelude::*;

use super::{Elapsed, Moment, ProgressBar, StateBadge, TaskLink, TaskRows, filled, run_start};

/// A table of tasks; new rows come and old ones change in place.
#[component]
pub(crate) fn TaskTable(rows: RwSignal<Vec<TaskSummary>>) -> impl IntoView {
    view! {
        <table class="tasks">
            <caption class="visually-hidden">"Tasks, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"State"</th>
                    <th scope="col">"Task"</th>
                    <th scope="col" class="wide">
                        "Queue"
                    </th>
                    <th scope="col">"Progress"</th>
                    <th scope="col" class="wide">
                        "Attempt"
                    </th>
                    <th scope="col" class="wide">
                        "Took"
                    </th>
                    <th scope="col">"Submitted"</th>
                </tr>
            </thead>
            <tbody>
                <TaskRows rows pick=all row />
            </tbody>
        </table>
    }
}

fn all(rows: &[TaskSummary]) -> Vec<TaskId> {
    rows.iter().map(|row| row.id).collect()
}

fn row(task: TaskSummary) -> AnyView {
    let note = note(&task);
    view! {
        <tr>
            <td>
                <StateBadge state=task.state cancel_requested=task.cancel_requested />
            </td>
            <td class="task-cell">
                <TaskLink id=task.id kind=task.kind />
                <span class="tags">{filled(task.tags.join(", "))}</span>
            </td>
            <td class="wide">{task.queue}</td>
            <td class="progress-cell">{note}</td>
            <td class="wide number">{format!("{} of {}", task.attempt, task.max_attempts)}</td>
            <td class="wide number">
                <Elapsed from=run_start(task.state, task.started_at) to=task.finished_at />
            </td>
            <td class="number">
                <Moment at=task.created_at />
            </td>
        </tr>
    }
    .into_any()
}

/// What there is to say about a task in its state: progress, why it failed, or when it is due.
fn note(task: &TaskSummary) -> AnyView {
    match task.state {
        State::Running => {
            let label = format!("Progress of {} {}", task.kind, task.id);
            view! { <ProgressBar progress=task.progress.clone() label /> }.into_any()
        }
        State::Failed | State::Retrying => {
            let message = task.error.as_ref().map(|error| error.message.clone());
            view! { <span class="error-line">{message}</span> }.into_any()
        }
        State::Scheduled => {
            view! { <span class="quiet">"due " <Moment at=task.run_at /></span> }.into_any()
        }
        State::Queued | State::Completed | State::Cancelled => ().into_any(),
    }
}
