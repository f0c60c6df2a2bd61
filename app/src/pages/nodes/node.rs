//! One node.

use glassworks_protocol::{NodeInfo, TaskSummary};
use leptos::prelude::*;
use uuid::Uuid;

use super::{names, runs};
use crate::components::{Moment, changing};
use crate::functions::Nodes;

/// A node, as long as it is there.
#[component]
pub(super) fn Node(id: Uuid, all: RwSignal<Nodes>) -> impl IntoView {
    let facts = move || {
        all.with(|all| {
            let node = all.nodes.iter().find(|node| node.id == id);
            node.map_or_else(|| ().into_any(), |node| facts(node, &all.running))
        })
    };
    view! { <li class="card">{changing(facts)}</li> }
}

fn facts(node: &NodeInfo, running: &[TaskSummary]) -> AnyView {
    let busy = format!("{} of {} workers busy", node.busy_workers, node.workers);
    let lag = node
        .lag_ms
        .map_or_else(|| "not known".to_owned(), |lag| format!("{lag} ms"));
    let kinds = names(&node.kinds, "none of its own");
    let queues = node.queues.as_deref().unwrap_or_default();
    let queues = names(queues, "all");
    view! {
        <div class="card-facts">
            <h2>{node.name.clone()}</h2>
            <p class="workers">
                <meter
                    min="0"
                    max=node.workers.to_string()
                    value=node.busy_workers.to_string()
                    aria-label=format!("Busy workers of {}", node.name)
                ></meter>
                <span>{busy}</span>
            </p>
            <dl class="facts">
                <dt>"Lag"</dt>
                <dd>{lag}</dd>
                <dt>"Version"</dt>
                <dd>{node.version.clone()}</dd>
                <dt>"Since"</dt>
                <dd>
                    <Moment at=node.started_at />
                </dd>
                <dt>"Seen"</dt>
                <dd>
                    <Moment at=node.last_seen_at />
                </dd>
                <dt>"Kinds"</dt>
                <dd>{kinds}</dd>
                <dt>"Queues"</dt>
                <dd>{queues}</dd>
            </dl>
            {runs(running, &node.name, node.busy_workers)}
        </div>
    }
    .into_any()
}
