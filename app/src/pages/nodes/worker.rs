//! One worker over HTTP, and what can be asked of it.

use glassworks_protocol::{TaskSummary, WorkerInfo};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use uuid::Uuid;

use super::{names, runs};
use crate::access::may_administer;
use crate::components::{FunctionForm, Moment, ProblemNote, changing};
use crate::functions::{ChangeWorker, Nodes};
use crate::refused::Refused;

/// What was asked for from this page.
pub(super) type Changes = ServerAction<ChangeWorker>;

/// Changes of workers; `done` is called after each.
pub(super) fn changes(done: impl Fn() + 'static) -> Changes {
    let changes = ServerAction::<ChangeWorker>::new();
    let answer = changes.value();
    Effect::new(move |_| {
        if let Some(Ok(())) = answer.get() {
            done();
        }
    });
    changes
}

/// Why the latest was refused, if it was.
#[component]
pub(super) fn Refusal(changes: Changes) -> impl IntoView {
    let answer = changes.value();
    changing(move || match answer.get() {
        Some(Err(Refused(problem))) => view! { <ProblemNote problem=*problem /> }.into_any(),
        _ => ().into_any(),
    })
}

/// A worker, as long as it is remembered.
#[component]
pub(super) fn Worker(id: Uuid, all: RwSignal<Nodes>, changes: Changes) -> impl IntoView {
    let find = move |all: &Nodes| all.workers.iter().find(|it| it.id == id).cloned();
    let drained = Signal::derive(move || all.with(|all| find(all).is_some_and(|it| it.drain)));
    let name = all.with_untracked(|all| find(all).map(|it| it.name).unwrap_or_default());
    let facts = move || {
        all.with(|all| {
            let worker = find(all);
            worker.map_or_else(|| ().into_any(), |it| facts(&it, &all.running))
        })
    };
    let buttons = may_administer().then(|| buttons(id, &name, drained, changes));
    view! { <li class="card">{changing(facts)} {buttons}</li> }
}

fn facts(worker: &WorkerInfo, running: &[TaskSummary]) -> AnyView {
    let kinds = names(&worker.kinds, "none");
    let queues = worker.queues.as_deref().unwrap_or_default();
    let queues = names(queues, "all");
    let host = worker
        .host
        .clone()
        .unwrap_or_else(|| "not known".to_owned());
    let standing = worker
        .drain
        .then(|| view! { <strong class="is-paused">"drained: it is given no more tasks"</strong> });
    view! {
        <div class="card-facts">
            <h2>{worker.name.clone()}</h2>
            <p class="card-now">{format!("runs {}", worker.running)} " " {standing}</p>
            <dl class="facts">
                <dt>"Host"</dt>
                <dd>{host}</dd>
                <dt>"Since"</dt>
                <dd>
                    <Moment at=worker.since />
                </dd>
                <dt>"Last beat"</dt>
                <dd>
                    <Moment at=worker.last_seen_at />
                </dd>
                <dt>"Kinds"</dt>
                <dd>{kinds}</dd>
                <dt>"Queues"</dt>
                <dd>{queues}</dd>
            </dl>
            {runs(running, &worker.name, worker.running)}
        </div>
    }
    .into_any()
}

/// Each keeps its place and its meaning; one of them can be pressed.
fn buttons(id: Uuid, name: &str, drained: Signal<bool>, changes: Changes) -> AnyView {
    let send = move |sent: Vec<(String, String)>| {
        let asked = sent.iter().find(|(name, _)| name == "drain");
        // While one is under way, another press means the same.
        if let Some((_, word)) = asked.filter(|_| !changes.pending().get_untracked()) {
            let drain = word == "true";
            changes.dispatch(ChangeWorker { id, drain });
        }
    };
    let content = view! {
        <input type="hidden" name="id" value=id.to_string() />
        <button
            type="submit"
            name="drain"
            value="true"
            aria-label=format!("Drain: {name}")
            disabled=changing(move || drained.get())
        >
            "Drain"
        </button>
        <button
            type="submit"
            name="drain"
            value="false"
            aria-label=format!("Resume: {name}")
            disabled=changing(move || !drained.get())
        >
            "Resume"
        </button>
    }
    .into_any();
    view! {
        <div class="actions">
            <FunctionForm url=ChangeWorker::url() send=Box::new(send) content />
        </div>
    }
    .into_any()
}
