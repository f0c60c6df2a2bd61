//! How many tasks are in each state.

use glassworks_protocol::{State, Stats, TaskFilter};
use leptos::prelude::*;

use super::StateIcon;
use crate::list_query::ListQuery;

/// The counts, each leading to its tasks, and how busy this node's workers are.
#[component]
pub(crate) fn Counts(#[prop(into)] stats: Signal<Stats>) -> AnyView {
    let cells: Vec<_> = State::ALL
        .into_iter()
        .map(|state| view! { <Count stats state /> })
        .collect();
    let busy = Memo::new(move |_| stats.with(|stats| stats.busy_workers));
    let workers = Memo::new(move |_| stats.with(|stats| stats.workers));
    view! {
        <ul class="counts" aria-label="Tasks by state">
            {cells}
        </ul>
        <p class="workers">
            <meter
                min="0"
                max=move || workers.get().to_string()
                value=move || busy.get().to_string()
                aria-label="Busy workers"
            ></meter>
            <span>
                <strong>{busy}</strong>
                " of "
                {workers}
                " workers busy"
            </span>
        </p>
    }
    .into_any()
}

#[component]
fn Count(stats: Signal<Stats>, state: State) -> impl IntoView {
    let count = Memo::new(move |_| stats.with(|stats| stats.tasks.get(state)));
    let filter = TaskFilter {
        state: Some(state),
        ..TaskFilter::default()
    };
    view! {
        <li class:is-zero=move || count.get() == 0>
            <a href=ListQuery::url(&filter, None)>
                <span class="count-number">{count}</span>
                <span class="count-state">
                    <StateIcon state />
                    {state.as_str()}
                </span>
            </a>
        </li>
    }
}
