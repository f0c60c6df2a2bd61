//! Queues: all of them, and one of them.

mod list;
mod one;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::components::{Call, FunctionForm, Page, ProblemNote, changing};
use crate::functions::{ChangeQueue, Queues, load_queues};
use crate::refused::Refused;
use list::QueueList;
use one::OneQueue;

/// All queues, or the one that the path names.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let wanted = move || params.with(|params| params.get("name").unwrap_or_default());
    view! {
        <Title text="Queues · Glassworks" />
        <Page wanted load=load_queues show />
    }
    .into_any()
}

fn show(_: String, data: Queues) -> AnyView {
    match data {
        Queues::All(queues) => view! { <QueueList queues /> }.into_any(),
        Queues::One(one) => {
            let (queue, history) = *one;
            view! { <OneQueue queue history /> }.into_any()
        }
    }
}

/// What was asked for from this page.
type Changes = ServerAction<ChangeQueue>;

/// Changes of queues; `done` is called after each.
fn changes(done: impl Fn() + 'static) -> Changes {
    let changes = ServerAction::<ChangeQueue>::new();
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
fn Refusal(changes: Changes) -> impl IntoView {
    let answer = changes.value();
    changing(move || match answer.get() {
        Some(Err(Refused(problem))) => view! { <ProblemNote problem=*problem /> }.into_any(),
        _ => ().into_any(),
    })
}

/// A form that asks something of a queue; without a `name`, of the one that it has a control for.
#[component]
fn QueueForm(name: Option<String>, changes: Changes, content: AnyView) -> impl IntoView {
    let known = name.clone();
    let send: Call = Box::new(move |sent| {
        let typed = sent.iter().find(|(control, _)| control == "name");
        let name = known.clone().or(typed.map(|(_, name)| name.clone()));
        let change = ChangeQueue::of(name.unwrap_or_default().trim(), sent);
        // While one is under way, another press means the same.
        if let Some(change) = change.filter(|_| !changes.pending().get_untracked()) {
            changes.dispatch(change);
        }
    });
    let content = view! {
        {name.map(|name| view! { <input type="hidden" name="name" value=name /> })}
        {content}
    }
    .into_any();
    view! { <FunctionForm url=ChangeQueue::url() send content /> }
}
