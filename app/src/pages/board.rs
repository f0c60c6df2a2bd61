//! The board: what is running now, what failed lately and why, and how much there is of all.

use glassworks_protocol::{PageRequest, State, Stats, TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::{
    Coming, Counts, Elapsed, Erase, LiveList, Moment, ProgressBar, StateBadge, TaskLink, TaskRows,
    awaiting, live_list, loaded,
};
use crate::functions::{Board, load_board};
use crate::list_query::ListQuery;
use crate::live::{News, Topic, watch};
use crate::task_list::Growth;

/// So many tasks are shown in each list; the rest is a link away.
pub(crate) const SHOWN: u32 = 12;

/// The board.
#[component]
pub(crate) fn BoardPage() -> AnyView {
    let board = Resource::new(|| (), |()| load_board());
    let view = move || -> Coming {
        Box::pin(
            async move { loaded(board.await, |board| view! { <Loaded board /> }.into_inner()) },
        )
    };
    view! {
        <Title text="Board · Glassworks" />
        <h1 class="visually-hidden">"Board"</h1>
        {awaiting(view)}
    }
    .erase()
}

/// The page of a list on the board.
pub(crate) fn first_page() -> PageRequest {
    PageRequest {
        limit: Some(SHOWN),
        cursor: None,
    }
}

/// All tasks in `state`.
pub(crate) fn in_state(state: State) -> TaskFilter {
    TaskFilter {
        state: Some(state),
        ..TaskFilter::default()
    }
}

#[component]
fn Loaded(board: Board) -> AnyView {
    let Board {
        stats,
        running,
        failed,
    } = board;
    view! {
        <Figures stats />
        <div class="board">
            <section aria-labelledby="running">
                <h2 id="running">"Running now"</h2>
                <List first=running state=State::Running />
            </section>
            <section aria-labelledby="failed">
                <h2 id="failed">"Failed lately"</h2>
                <List first=failed state=State::Failed />
            </section>
        </div>
    }
    .erase()
}

#[component]
fn Figures(stats: Stats) -> AnyView {
    let stats = RwSignal::new(stats);
    watch(Topic::Stats, move |news| {
        if let News::Stats(fresh) = news {
            stats.set(*fresh);
        }
    });
    view! {
        <section class="figures" aria-label="Figures">
            {move || view! { <Counts stats=stats.get() /> }}
        </section>
    }
    .erase()
}

/// The latest tasks in `state`, and the way to all of them.
#[component]
fn List(first: TaskPage<TaskSummary>, state: State) -> AnyView {
    let list = live_list(
        first,
        in_state(state),
        first_page(),
        Growth::Newest(SHOWN as usize),
    );
    let shown = Signal::derive(move || {
        let mut rows = list.rows.get();
        if state == State::Failed {
            rows = latest_first(rows);
        }
        rows.truncate(SHOWN as usize);
        rows
    });
    let row = if state == State::Failed {
        failed_task
    } else {
        running_task
    };
    view! {
        <ul class="board-list" aria-label=format!("Tasks {state}")>
            <TaskRows rows=shown row=row />
        </ul>
        {move || rest(list, state)}
    }
    .erase()
}

/// What failed last comes first, whenever it was submitted.
fn latest_first(rows: Vec<TaskSummary>) -> Vec<TaskSummary> {
    let mut sorted: Vec<TaskSummary> = Vec::with_capacity(rows.len());
    for row in rows {
        // They are few, and each of the standard library's sorts is as large as this page.
        let place = sorted.partition_point(|other| other.finished_at >= row.finished_at);
        sorted.insert(place, row);
    }
    sorted
}

fn running_task(task: TaskSummary) -> AnyView {
    let label = format!("Progress of {} {}", task.kind, task.id);
    view! {
        <li>
            <StateBadge state=task.state cancel_requested=task.cancel_requested />
            <TaskLink id=task.id kind=task.kind />
            <Elapsed from=task.started_at to=task.finished_at />
            <ProgressBar progress=task.progress label />
        </li>
    }
    .erase()
}

fn failed_task(task: TaskSummary) -> AnyView {
    let tries = format!(", attempt {} of {}", task.attempt, task.max_attempts);
    view! {
        <li>
            <StateBadge state=task.state />
            <TaskLink id=task.id kind=task.kind />
            <span class="quiet">
                {task.finished_at.map(|at| view! { <Moment at /> })}
                {tries}
            </span>
            <span class="error-line">{task.error.map(|error| error.message)}</span>
        </li>
    }
    .erase()
}

/// What stands below a list: that there is nothing, or the way to all of it.
fn rest(list: LiveList, state: State) -> AnyView {
    let rows = list.rows.with(Vec::len);
    if rows == 0 {
        let nothing = if state == State::Failed {
            "Nothing has failed."
        } else {
            "Nothing is running."
        };
        view! { <p class="quiet">{nothing}</p> }.erase()
    } else if rows > SHOWN as usize || list.next_cursor.with(Option::is_some) {
        let href = ListQuery::url(&in_state(state), None);
        view! {
            <p>
                <a href=href>"All " {state.as_str()} " tasks"</a>
            </p>
        }
        .erase()
    } else {
        ().erase()
    }
}
