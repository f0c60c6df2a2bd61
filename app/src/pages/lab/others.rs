//! The runs of an experiment on this server, so that a class can look at one another's.

use glassworks_protocol::TaskSummary;
use leptos::prelude::*;

use super::experiment::OnPage;
use super::figures::figures_table;
use crate::components::{Moment, StateBadge};
use crate::lab::run_path;

/// The latest runs, and what the last that is over has shown.
#[component]
pub(super) fn Others(runs: Vec<TaskSummary>) -> impl IntoView {
    let OnPage { lesson, .. } = expect_context();
    let (name, latest) =
        lesson.with_value(|lesson| (lesson.experiment.name.clone(), lesson.latest.clone()));
    if runs.is_empty() {
        return ().into_any();
    }
    let items: Vec<_> = runs.into_iter().map(|run| one_run(&name, run)).collect();
    let table = (!latest.is_empty()).then(|| {
        view! {
            <details class="lab-fold">
                <summary>"What the last run showed, as a table: it gives the answer away"</summary>
                {figures_table(&latest)}
            </details>
        }
    });
    view! {
        <section aria-labelledby="others">
            <h2 id="others">"Runs on this server"</h2>
            <ul class="lab-runs">{items}</ul>
            {table}
        </section>
    }
    .into_any()
}

fn one_run(experiment: &str, run: TaskSummary) -> AnyView {
    let by = run.submitted_by.map(|name| format!(" by {name}"));
    view! {
        <li>
            <StateBadge state=run.state cancel_requested=run.cancel_requested />
            <a href=run_path(experiment, run.id)>"Run of " <Moment at=run.created_at /> {by}</a>
        </li>
    }
    .into_any()
}
