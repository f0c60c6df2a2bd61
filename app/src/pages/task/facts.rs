//! What is known of a task beside its output: when, where, how often.

use leptos::prelude::*;

use crate::components::{Elapsed, Moment, run_start};
use crate::task_view::TaskView;
use crate::time::duration;

/// The facts, as terms and what they are.
#[component]
pub(super) fn Facts(view: RwSignal<TaskView>) -> AnyView {
    let task = Memo::new(move |_| view.with(|view| view.task.clone()));
    let created_at = Signal::derive(move || task.with(|task| task.created_at));
    let run_at = Signal::derive(move || task.with(|task| task.run_at));
    let from = Signal::derive(move || task.with(|task| run_start(task.state, task.started_at)));
    let to = Signal::derive(move || task.with(|task| task.finished_at));
    let finished = move || {
        let at = Signal::derive(move || to.get().unwrap_or_else(|| created_at.get()));
        to.get()
            .map(|_| view! { <dt>"Finished"</dt><dd><Moment at /></dd> })
    };
    let ran = move || {
        let term = if to.get().is_some() {
            "Ran for"
        } else {
            "Running for"
        };
        from.get()
            .map(|_| view! { <dt>{term}</dt><dd><Elapsed from to /></dd> })
    };
    view! {
        <dl class="facts">
            <dt>"Attempt"</dt>
            <dd>{move || task.with(|task| format!("{} of {}", task.attempt, task.max_attempts))}</dd>
            <dt>"Submitted"</dt>
            <dd>
                <Moment at=created_at />
            </dd>
            <dt>"Due"</dt>
            <dd>
                <Moment at=run_at />
            </dd>
            {finished}
            {ran}
            <dt>"Queue"</dt>
            <dd>{move || task.with(|task| task.queue.clone())}</dd>
            <dt>"Priority"</dt>
            <dd>{move || task.with(|task| task.priority)}</dd>
            <dt>"Time limit"</dt>
            <dd>{move || task.with(|task| duration(task.timeout_ms))}</dd>
            {move || given("Tags", task.with(|task| task.tags.join(", ")))}
            {move || given("Unique key", task.with(|task| task.unique_key.clone().unwrap_or_default()))}
            {move || given("Node", task.with(|task| task.node.clone().unwrap_or_default()))}
        </dl>
    }
    .into_any()
}

/// A fact that not every task has.
fn given(term: &'static str, fact: String) -> Option<impl IntoView> {
    (!fact.is_empty()).then(|| view! { <dt>{term}</dt><dd>{fact}</dd> })
}
