//! Tasks in a table: one line each, of fixed columns, and each line leads to its task.

use glassworks_protocol::{State, TaskId, TaskSummary};
use leptos::prelude::*;

use super::{
    Elapsed, LiveList, Moment, ProgressBar, Selection, StateBadge, TaskLink, changing, error_line,
    filled, run_start,
};

/// A table of tasks. New rows come and old ones go; one that stays is the same element, so that
/// what somebody points at, has focused or has ticked is not drawn anew under their hands.
#[component]
pub(crate) fn TaskTable(
    live: LiveList,
    /// What is ticked; `None` for who can change nothing.
    selection: Option<Selection>,
) -> impl IntoView {
    let ids = move || {
        let ids = |rows: &Vec<TaskSummary>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        live.rows.try_with(ids).unwrap_or_default()
    };
    let row = move |id| row(live, id, selection);
    let tick_all = selection.map(|selection| {
        view! {
            <td class="tick">{selection.tick_all(live.rows)}</td>
        }
    });
    view! {
        <table class="tasks">
            <caption class="visually-hidden">"Tasks"</caption>
            <thead>
                <tr>
                    {tick_all}
                    <th scope="col" class="in-state">
                        "State"
                    </th>
                    <th scope="col" class="task-cell">
                        "Task"
                    </th>
                    <th scope="col" class="payload-cell">
                        "Payload"
                    </th>
                    <th scope="col" class="note-cell">
                        "Progress or error"
                    </th>
                    <th scope="col" class="queue-cell">
                        "Queue"
                    </th>
                    <th scope="col" class="attempt-cell">
                        "Attempt"
                    </th>
                    <th scope="col" class="took-cell">
                        "Took"
                    </th>
                    <th scope="col" class="moment-cell">
                        "Submitted"
                    </th>
                </tr>
            </thead>
            <tbody>
                <For each=ids key=|id| *id children=row />
            </tbody>
        </table>
    }
}

fn row(live: LiveList, id: TaskId, selection: Option<Selection>) -> AnyView {
    let find = move || {
        live.rows
            .try_with(|rows| rows.iter().find(|row| row.id == id).cloned())
            .flatten()
    };
    let Some(task) = untrack(find) else {
        return ().into_any();
    };
    // A memo, so that a row is drawn again when it has changed and not when another has.
    let now = Memo::new(move |_| find());
    let is_gone =
        Memo::new(move |_| live.waiting.try_with(|waiting| waiting.is_gone(id)) == Some(true));
    let cell = move |view: fn(TaskSummary) -> AnyView| {
        changing(move || now.try_get().flatten().map_or_else(|| ().into_any(), view))
    };
    let note_or_gone = changing(move || {
        if is_gone.try_get() == Some(true) {
            view! { <span class="quiet">"not in this list any more"</span> }.into_any()
        } else {
            now.try_get().flatten().map_or_else(|| ().into_any(), note)
        }
    });
    let tick = selection.map(|selection| {
        let name = format!("Select {} {id}", task.kind);
        view! { <td class="tick">{selection.tick(id, name)}</td> }
    });
    view! {
        <tr class=changing(move || if is_gone.try_get() == Some(true) { "is-gone" } else { "" })>
            {tick}
            <td class="in-state">{cell(state)}</td>
            <td class="task-cell">
                <TaskLink id=task.id kind=task.kind />
                <span class="tags">{filled(task.tags.join(", "))}</span>
            </td>
            <td class="payload-cell">{filled(task.payload_summary)}</td>
            <td class="note-cell">{note_or_gone}</td>
            <td class="queue-cell">{task.queue}</td>
            <td class="attempt-cell number">{cell(attempt)}</td>
            <td class="took-cell number">{cell(took)}</td>
            <td class="moment-cell number">
                <Moment at=task.created_at />
            </td>
        </tr>
    }
    .into_any()
}

fn state(task: TaskSummary) -> AnyView {
    view! { <StateBadge state=task.state cancel_requested=task.cancel_requested /> }.into_any()
}

fn attempt(task: TaskSummary) -> AnyView {
    task.attempts_in_words().into_any()
}

fn took(task: TaskSummary) -> AnyView {
    view! { <Elapsed from=run_start(task.state, task.started_at) to=task.finished_at /> }.into_any()
}

/// What there is to say about a task in its state: progress, why it failed, or when it is due.
fn note(task: TaskSummary) -> AnyView {
    match task.state {
        State::Running => {
            let label = format!("Progress of {} {}", task.kind, task.id);
            view! { <ProgressBar progress=task.progress label /> }.into_any()
        }
        State::Failed | State::Retrying => task
            .error
            .map_or_else(|| ().into_any(), |error| error_line(&error.message)),
        State::Scheduled => {
            view! { <span class="quiet">"due " <Moment at=task.run_at /></span> }.into_any()
        }
        State::Queued | State::Completed | State::Cancelled => ().into_any(),
    }
}
