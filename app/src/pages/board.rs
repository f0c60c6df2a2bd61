//! The board: what is running now, what failed lately and why, and how much there is of all.

use glassworks_protocol::{State, Stats, TaskFilter, TaskId, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

use crate::components::{
    Counts, Elapsed, LiveList, Moment, Page, Pick, ProgressBar, StateBadge, TaskLink, TaskRows,
    Watched, changing, live_list,
};
use crate::functions::{Board, load_board};
use crate::list_query::{ON_BOARD, on_board, url_of};
use crate::live::{News, Topic, watch};
use crate::task_list::Growth;

/// The board.
pub(crate) struct BoardRoute;

#[lazy_route]
impl LazyRoute for BoardRoute {
    fn data() -> Self {
        Self
    }

    fn view(this: Self) -> AnyView {
        let BoardRoute = this;
        view! {
            <Title text="Board · Glassworks" />
            <h1 class="visually-hidden">"Board"</h1>
            <Page wanted=|| () load=|()| load_board() show=show />
        }
        .into_any()
    }
}

fn show((): (), board: Board) -> AnyView {
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
    .into_any()
}

#[component]
fn Figures(stats: Stats) -> impl IntoView {
    let stats = RwSignal::new(stats);
    let hear = move |news| {
        if let News::Stats(fresh) = news {
            stats.set(*fresh);
        }
    };
    watch(Topic::Stats, Box::new(hear));
    view! {
        <section class="figures" aria-label="Figures">
            {changing(move || view! { <Counts stats=stats.get() /> }.into_any())}
        </section>
    }
}

/// The latest tasks in `state`, and the way to all of them.
#[component]
fn List(first: TaskPage<TaskSummary>, state: State) -> impl IntoView {
    let watched = Watched {
        filter: TaskFilter {
            state: vec![state],
            ..TaskFilter::default()
        },
        query: on_board(state),
        growth: Growth::Newest(ON_BOARD as usize),
    };
    let live = live_list(watched, first, None);
    let (class, name) = match state {
        State::Failed => ("failed-list", "Failed tasks"),
        _ => ("running-list", "Running tasks"),
    };
    let (pick, row): (Pick, fn(TaskSummary) -> AnyView) = match state {
        State::Failed => (latest_failed, failed_task),
        _ => (latest, running_task),
    };
    view! {
        <ul class=class aria-label=name>
            <TaskRows rows=live.rows pick row />
        </ul>
        {changing(move || rest(live, state))}
    }
}

fn latest(rows: &[TaskSummary]) -> Vec<TaskId> {
    rows.iter()
        .map(|row| row.id)
        .take(ON_BOARD as usize)
        .collect()
}

/// What failed last comes first, whenever it was submitted.
fn latest_failed(rows: &[TaskSummary]) -> Vec<TaskId> {
    let mut sorted: Vec<&TaskSummary> = Vec::with_capacity(rows.len());
    for row in rows {
        // They are few, and each of the standard library's sorts is as large as this page.
        let place = sorted.partition_point(|other| other.finished_at >= row.finished_at);
        sorted.insert(place, row);
    }
    sorted
        .iter()
        .map(|row| row.id)
        .take(ON_BOARD as usize)
        .collect()
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
    .into_any()
}

fn failed_task(task: TaskSummary) -> AnyView {
    let tries = format!(", attempt {}", task.attempts_in_words());
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
    .into_any()
}

/// What stands below a list: that there is nothing, or the way to all of it.
fn rest(live: LiveList, state: State) -> AnyView {
    let rows = live.rows.with(Vec::len);
    if rows == 0 {
        let nothing = match state {
            State::Failed => "Nothing has failed.",
            _ => "Nothing is running.",
        };
        // Whoever has nothing to watch yet can break something.
        let invitation = (state == State::Running).then(|| {
            view! {
                " "
                <a href="/lab/blocking">"Break a server on purpose, and watch what happens"</a>
            }
        });
        view! { <p class="quiet">{nothing} {invitation}</p> }.into_any()
    } else if rows > ON_BOARD as usize || live.next_cursor.with(Option::is_some) {
        let href = url_of(state);
        view! {
            <p>
                <a href=href>{format!("All {state} tasks")}</a>
            </p>
        }
        .into_any()
    } else {
        ().into_any()
    }
}
