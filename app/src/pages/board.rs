//! The board: what is running now, what failed lately and why, and how much there is of all.

use glassworks_protocol::{PageRequest, State, Stats, TaskFilter, TaskId, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::{
    Counts, Elapsed, LiveList, Moment, ProblemNote, ProgressBar, StateBadge, TaskLink, live_list,
};
use crate::functions::{load_stats, load_tasks};
use crate::list_query::ListQuery;
use crate::live::{News, Topic, watch};
use crate::refused::Refused;
use crate::task_list::Growth;

/// So many tasks are shown in each list; the rest is a link away.
const SHOWN: u32 = 12;

/// The board.
#[component]
pub(crate) fn BoardPage() -> impl IntoView {
    let stats = Resource::new(|| (), |()| load_stats());
    let running = Resource::new(|| (), |()| load_tasks(in_state(State::Running), page()));
    let failed = Resource::new(|| (), |()| load_tasks(in_state(State::Failed), page()));
    view! {
        <Title text="Board · Glassworks" />
        <h1 class="visually-hidden">"Board"</h1>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move { shown(stats.await, |stats| view! { <Figures stats /> }) })}
        </Suspense>
        <div class="board">
            <section aria-labelledby="running">
                <h2 id="running">"Running now"</h2>
                <Suspense fallback=Loading>
                    {move || Suspend::new(async move {
                        shown(running.await, |first| view! { <Running first /> })
                    })}
                </Suspense>
            </section>
            <section aria-labelledby="failed">
                <h2 id="failed">"Failed lately"</h2>
                <Suspense fallback=Loading>
                    {move || Suspend::new(async move {
                        shown(failed.await, |first| view! { <Failed first /> })
                    })}
                </Suspense>
            </section>
        </div>
    }
}

fn page() -> PageRequest {
    PageRequest {
        limit: Some(SHOWN),
        cursor: None,
    }
}

fn in_state(state: State) -> TaskFilter {
    TaskFilter {
        state: Some(state),
        ..TaskFilter::default()
    }
}

#[component]
fn Loading() -> impl IntoView {
    view! { <p class="loading">"Loading…"</p> }
}

/// What was loaded, or why it was not.
fn shown<T, V: IntoView + 'static>(
    loaded: Result<T, Refused>,
    view: impl FnOnce(T) -> V,
) -> AnyView {
    match loaded {
        Ok(loaded) => view(loaded).into_any(),
        Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_any(),
    }
}

#[component]
fn Figures(stats: Stats) -> impl IntoView {
    let stats = RwSignal::new(stats);
    watch(Topic::Stats, move |news| {
        if let News::Stats(fresh) = news {
            stats.set(*fresh);
        }
    });
    view! {
        <section class="figures" aria-label="Figures">
            <Counts stats />
        </section>
    }
}

#[component]
fn Running(first: TaskPage<TaskSummary>) -> impl IntoView {
    let list = live_list(
        first,
        in_state(State::Running),
        page(),
        Growth::Newest(SHOWN as usize),
    );
    let ids = move || {
        list.rows.with(|rows| {
            rows.iter()
                .map(|row| row.id)
                .take(SHOWN as usize)
                .collect::<Vec<_>>()
        })
    };
    view! {
        <ul class="running-list" aria-label="Running tasks">
            <For each=ids key=|id| *id let(id)>
                <RunningTask rows=list.rows id />
            </For>
        </ul>
        <Rest list state=State::Running nothing="Nothing is running." />
    }
}

#[component]
fn RunningTask(rows: RwSignal<Vec<TaskSummary>>, id: TaskId) -> impl IntoView {
    let find = move |rows: &Vec<TaskSummary>| rows.iter().find(|row| row.id == id).cloned();
    let Some(first) = rows.with_untracked(find) else {
        return ().into_any();
    };
    let kind = first.kind.clone();
    let label = format!("Progress of {kind} {id}");
    let task = Memo::new(move |last: Option<&TaskSummary>| {
        rows.with(find)
            .or_else(|| last.cloned())
            .unwrap_or_else(|| first.clone())
    });
    let state = Signal::derive(move || task.with(|task| task.state));
    let cancel_requested = Signal::derive(move || task.with(|task| task.cancel_requested));
    let progress = Signal::derive(move || task.with(|task| task.progress.clone()));
    let from = Signal::derive(move || task.with(|task| task.started_at));
    let to = Signal::derive(move || task.with(|task| task.finished_at));
    view! {
        <li>
            <StateBadge state cancel_requested />
            <TaskLink id kind />
            <Elapsed from to />
            <ProgressBar progress label />
        </li>
    }
    .into_any()
}

#[component]
fn Failed(first: TaskPage<TaskSummary>) -> impl IntoView {
    let list = live_list(
        first,
        in_state(State::Failed),
        page(),
        Growth::Newest(SHOWN as usize),
    );
    // Failed last comes first, whenever it was submitted.
    let latest = move || {
        let mut rows = list.rows.get();
        rows.sort_by_key(|row| std::cmp::Reverse(row.finished_at));
        rows.truncate(SHOWN as usize);
        rows
    };
    view! {
        <ul class="failed-list" aria-label="Failed tasks">
            <For each=latest key=|task| (task.id, task.last_seq) let(task)>
                <FailedTask task />
            </For>
        </ul>
        <Rest list state=State::Failed nothing="Nothing has failed." />
    }
}

#[component]
fn FailedTask(task: TaskSummary) -> impl IntoView {
    let tries = format!("attempt {} of {}", task.attempt, task.max_attempts);
    view! {
        <li>
            <StateBadge state=task.state cancel_requested=false />
            <TaskLink id=task.id kind=task.kind />
            <span class="quiet">
                {task.finished_at.map(|at| view! { <Moment at /> })} ", " {tries}
            </span>
            <span class="error-line">{task.error.map(|error| error.message)}</span>
        </li>
    }
}

/// What stands below a list: that there is nothing, or the way to all of it.
#[component]
fn Rest(list: LiveList, state: State, nothing: &'static str) -> impl IntoView {
    let rows = Memo::new(move |_| list.rows.with(Vec::len));
    let more = move || rows.get() > SHOWN as usize || list.next_cursor.with(Option::is_some);
    move || {
        if rows.get() == 0 {
            view! { <p class="quiet">{nothing}</p> }.into_any()
        } else if more() {
            let href = ListQuery::url(&in_state(state), None);
            view! { <p><a href=href>"All " {state.as_str()} " tasks"</a></p> }.into_any()
        } else {
            ().into_any()
        }
    }
}
