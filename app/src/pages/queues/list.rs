//! All queues: how they stand, and whether they go on.

use glassworks_protocol::{Queue, QueueSettings, State};
use leptos::prelude::*;

use super::{Changes, QueueForm, Refusal, changes};
use crate::access::may_administer;
use crate::components::{ReaderTime, changing, fresh};
use crate::functions::{QueueChange, Queues, load_queues};
use crate::list_query::ListQuery;
use crate::refused::Refused;
use crate::time::duration;

/// All queues.
#[component]
pub(super) fn QueueList(queues: Vec<Queue>) -> impl IntoView {
    let load = || async {
        match load_queues(String::new()).await? {
            Queues::All(queues) => Ok::<_, Refused>(queues),
            Queues::One(_) => Ok(Vec::new()),
        }
    };
    let fresh = fresh(queues, load);
    let changes = changes(move || fresh.again());
    let rows = fresh.value;
    let names = move || rows.with(|rows| rows.iter().map(|it| it.name.clone()).collect::<Vec<_>>());
    let empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let nothing = move || empty.get().then_some("No task has named one yet.");
    let row = move |name: String| view! { <Row name rows changes /> };
    view! {
        <h1>"Queues"</h1>
        <Refusal changes />
        <ul class="cards" aria-label="Queues">
            <For each=names key=|name| name.clone() children=row />
        </ul>
        <p class="quiet">{changing(nothing)}</p>
        {may_administer().then(|| set_up(changes))}
    }
}

/// A queue can be limited before anybody uses it.
fn set_up(changes: Changes) -> AnyView {
    let content = view! {
        <label>
            <span>"Limit a queue that nobody uses yet"</span>
            <input
                type="text"
                name="name"
                required
                maxlength="64"
                pattern="[A-Za-z0-9_.:\\-]+"
                title="Letters, digits, and - _ . :"
                autocomplete="off"
            />
        </label>
        <button type="submit" name="change" value="limit">
            "Set up"
        </button>
    }
    .into_any();
    view! {
        <div class="one-line">
            <QueueForm name=None changes content />
        </div>
    }
    .into_any()
}

#[component]
fn Row(name: String, rows: RwSignal<Vec<Queue>>, changes: Changes) -> impl IntoView {
    let key = name.clone();
    let found = move || rows.with(|rows| rows.iter().find(|row| row.name == key).cloned());
    let found = Memo::new(move |_| found());
    let paused = move || found.with(|it| it.as_ref().is_some_and(|it| it.settings.paused));
    let facts = move || found.get().map_or_else(|| ().into_any(), facts);
    let buttons = may_administer().then(|| {
        let content = pausing(&name, Signal::derive(paused));
        view! {
            <div class="actions">
                <QueueForm name=Some(name) changes content />
            </div>
        }
    });
    view! { <li class="card">{changing(facts)} {buttons}</li> }
}

/// The two buttons. Each keeps its place and its meaning; one of them can be pressed.
pub(super) fn pausing(name: &str, paused: Signal<bool>) -> AnyView {
    view! {
        <button
            type="submit"
            name="change"
            value=QueueChange::Pause.as_str()
            aria-label=format!("Pause: {name}")
            disabled=changing(move || paused.get())
        >
            "Pause"
        </button>
        <button
            type="submit"
            name="change"
            value=QueueChange::Resume.as_str()
            aria-label=format!("Resume: {name}")
            disabled=changing(move || !paused.get())
        >
            "Resume"
        </button>
    }
    .into_any()
}

fn facts(queue: Queue) -> AnyView {
    let href = format!("/queues/{}", queue.name);
    let limits = limits(&queue.settings);
    view! {
        <div class="card-facts">
            <h2>
                <a href=href>{queue.name.clone()}</a>
            </h2>
            {counts(&queue)}
            <p class="quiet">{limits}</p>
            <p class="card-now">{standing(&queue.settings)}</p>
        </div>
    }
    .into_any()
}

/// How many tasks are in each state, with the way to them.
pub(super) fn counts(queue: &Queue) -> AnyView {
    let one = |state: State| {
        let mut list = ListQuery::default();
        list.narrowed.filter.state = vec![state];
        list.narrowed.filter.queue = Some(queue.name.clone());
        let count = queue.tasks.get(state);
        let class = if count == 0 { "is-zero" } else { "" };
        view! {
            <li class=class>
                <a href=list.url()>{format!("{count} {state}")}</a>
            </li>
        }
        .into_any()
    };
    let all: Vec<_> = State::ALL.into_iter().map(one).collect();
    view! { <ul class="queue-counts">{all}</ul> }.into_any()
}

/// Whether its tasks wait, and until when.
pub(super) fn standing(settings: &QueueSettings) -> AnyView {
    match (settings.paused, settings.paused_until) {
        (false, _) => ().into_any(),
        (true, None) => view! { <strong class="is-paused">"paused"</strong> }.into_any(),
        (true, Some(at)) => view! {
            <strong class="is-paused">"paused until " <ReaderTime at /></strong>
        }
        .into_any(),
    }
}

/// The limits in words.
fn limits(settings: &QueueSettings) -> String {
    let mut words = Vec::new();
    if let Some(limit) = settings.concurrency {
        words.push(format!("{limit} at a time on each node"));
    }
    if let Some(limit) = settings.max_running {
        words.push(format!("{limit} at a time on all nodes"));
    }
    if let Some(rate) = settings.rate {
        let span = duration(rate.per_ms.into());
        words.push(format!("{} starts in {span}", rate.tasks));
    }
    if words.is_empty() {
        return "no limits".to_owned();
    }
    words.join(", ")
}
