//! Nodes and workers: who runs tasks, and what each runs.

mod node;
mod worker;

use glassworks_protocol::TaskSummary;
use leptos::prelude::*;
use leptos_meta::Title;
use uuid::Uuid;

use crate::components::{Page, TaskLink, changing, fresh};
use crate::functions::{Nodes, RUNNING, load_nodes};
use node::Node;
use worker::{Refusal, Worker, changes};

/// Who runs tasks.
pub(super) fn page() -> AnyView {
    view! {
        <Title text="Nodes · Glassworks" />
        <h1>"Nodes"</h1>
        <Page wanted=|| () load=|()| load_nodes() show=show />
    }
    .into_any()
}

fn show((): (), nodes: Nodes) -> AnyView {
    view! { <Lists nodes /> }.into_any()
}

#[component]
fn Lists(nodes: Nodes) -> impl IntoView {
    let fresh = fresh(nodes, load_nodes);
    let changes = changes(move || fresh.again());
    let all = fresh.value;
    let nodes = move || all.with(|all| all.nodes.iter().map(|it| it.id).collect::<Vec<Uuid>>());
    let workers = move || all.with(|all| all.workers.iter().map(|it| it.id).collect::<Vec<Uuid>>());
    let none = Memo::new(move |_| all.with(|all| all.workers.is_empty()));
    let nothing = move || {
        none.get().then(|| {
            view! {
                <p class="quiet">
                    "None has asked for tasks in the last hour. "
                    <a href="/docs" rel="external">"The API"</a> " says how to write one."
                </p>
            }
            .into_any()
        })
    };
    view! {
        <ul class="cards" aria-label="Nodes">
            <For each=nodes key=|id| *id children=move |id| view! { <Node id all /> } />
        </ul>
        <section aria-labelledby="workers" class="workers-section">
            <h2 id="workers">"Workers over HTTP"</h2>
            <Refusal changes />
            <ul class="cards" aria-label="Workers">
                <For
                    each=workers
                    key=|id| *id
                    children=move |id| view! { <Worker id all changes /> }
                />
            </ul>
            {changing(move || nothing().into_any())}
        </section>
    }
}

/// What runs under a name: links, and how many more there are.
fn runs(tasks: &[TaskSummary], name: &str, count: u32) -> AnyView {
    let own = tasks
        .iter()
        .filter(|task| task.node.as_deref() == Some(name));
    let links: Vec<_> = own.map(link).collect();
    let shown = u32::try_from(links.len()).unwrap_or(u32::MAX);
    // Of the latest tasks alone it is known who runs them.
    let more = (count > shown && tasks.len() >= RUNNING as usize).then(|| {
        view! {
            <li>
                <a href="/tasks?state=running">"all running tasks"</a>
            </li>
        }
    });
    view! { <ul class="runs" aria-label=format!("Run by {name}")>{links} {more}</ul> }.into_any()
}

fn link(task: &TaskSummary) -> AnyView {
    let (id, kind) = (task.id, task.kind.clone());
    view! {
        <li>
            <TaskLink id kind />
        </li>
    }
    .into_any()
}

/// Names in a row, or what none means.
fn names(names: &[String], none: &str) -> String {
    if names.is_empty() {
        none.to_owned()
    } else {
        names.join(", ")
    }
}
