//! What is known of a task beside its output: when, where, how often.

use glassworks_protocol::{Task, Timestamp};
use leptos::prelude::*;

use crate::components::{Elapsed, Moment, changing, run_start};
use crate::task_view::TaskView;
use crate::time::duration;

enum Fact {
    Words(String),
    At(Timestamp),
    Between(Option<Timestamp>, Option<Timestamp>),
}

/// The facts, as terms and what they are.
#[component]
pub(super) fn Facts(view: RwSignal<TaskView>) -> impl IntoView {
    let items = move || {
        let facts = view.with(|view| facts(&view.task));
        facts.into_iter().map(one_fact).collect::<Vec<_>>()
    };
    view! { <dl class="facts">{changing(items)}</dl> }
}

fn one_fact((term, fact): (&'static str, Fact)) -> AnyView {
    let fact = match fact {
        Fact::Words(words) => words.into_any(),
        Fact::At(at) => view! { <Moment at /> }.into_any(),
        Fact::Between(from, to) => view! { <Elapsed from to /> }.into_any(),
    };
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{fact}</dd>
        </div>
    }
    .into_any()
}

/// What is known of `task`; what it has not got is left out.
fn facts(task: &Task) -> Vec<(&'static str, Fact)> {
    let words = |text: &str| Fact::Words(text.to_owned());
    let mut facts = vec![
        ("Attempt", Fact::Words(task.attempts_in_words())),
        ("Submitted", Fact::At(task.created_at)),
        ("Due", Fact::At(task.run_at)),
    ];
    if let Some(at) = task.finished_at {
        facts.push(("Finished", Fact::At(at)));
    }
    let from = run_start(task.state, task.started_at);
    if from.is_some() {
        let over = task.finished_at.is_some();
        let term = if over { "Ran for" } else { "Running for" };
        facts.push((term, Fact::Between(from, task.finished_at)));
    }
    facts.push(("Queue", words(&task.queue)));
    facts.push(("Priority", Fact::Words(task.priority.to_string())));
    facts.push(("Time limit", Fact::Words(duration(task.timeout_ms))));
    if !task.tags.is_empty() {
        facts.push(("Tags", Fact::Words(task.tags.join(", "))));
    }
    if let Some(name) = &task.submitted_by {
        facts.push(("Submitted by", words(name)));
    }
    if let Some(key) = &task.unique_key {
        facts.push(("Unique key", words(key)));
    }
    if let Some(node) = &task.node {
        facts.push(("Node", words(node)));
    }
    facts
}
