//! How many tasks are in each state.

use glassworks_protocol::{State, Stats};
use leptos::prelude::*;

use super::StateBadge;
use crate::list_query::url_of;

/// The counts, each leading to its tasks, and how busy this node's workers are.
#[component]
pub(crate) fn Counts(stats: Stats) -> impl IntoView {
    let cells: Vec<_> = State::ALL
        .into_iter()
        .map(|state| count(state, stats.tasks.get(state)))
        .collect();
    view! {
        <ul class="counts" aria-label="Tasks by state">
            {cells}
        </ul>
        <p class="workers">
            <meter
                min="0"
                max=stats.workers.to_string()
                value=stats.busy_workers.to_string()
                aria-label="Busy workers"
            ></meter>
            <span>
                <strong>{stats.busy_workers.to_string()}</strong>
                {format!(" of {} workers busy", stats.workers)}
            </span>
        </p>
    }
}

fn count(state: State, count: u64) -> AnyView {
    let class = if count == 0 { "is-zero" } else { "" };
    view! {
        <li class=class>
            <a href=url_of(state)>
                <span class="count-number">{count.to_string()}</span>
                <StateBadge state />
            </a>
        </li>
    }
    .into_any()
}
