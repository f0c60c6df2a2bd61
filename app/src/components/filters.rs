//! The form that narrows a list of tasks down: a plain GET form.

use glassworks_protocol::{State, TaskFilter};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::Erase;
use super::field::option;
use super::form_data::typed_in;
use crate::list_query::ListQuery;

/// The filters, showing what the URL says.
#[component]
pub(crate) fn Filters(
    #[prop(into)] filter: Signal<TaskFilter>,
    /// The kinds to choose from.
    kinds: Vec<String>,
) -> AnyView {
    let navigate = use_navigate();
    // Without this the browser would load the list anew, with every field that was left empty in
    // its URL.
    let narrow = move |event: web_sys::SubmitEvent| {
        if let Ok(list) = ListQuery::from_pairs(typed_in(&event)) {
            event.prevent_default();
            navigate(
                &ListQuery::url(&list.filter, None),
                NavigateOptions::default(),
            );
        }
    };
    let state = move || filter.with(|it| it.state);
    let states: Vec<_> = State::ALL
        .into_iter()
        .map(|one| {
            let word = one.as_str();
            option(word.to_owned(), word.to_owned(), state() == Some(one))
        })
        .collect();
    let suggestions: Vec<_> = kinds
        .into_iter()
        .map(|kind| option(kind.clone(), kind, false))
        .collect();
    let text = move |read: fn(TaskFilter) -> Option<String>| {
        Signal::derive(move || read(filter.get()).unwrap_or_default())
    };
    let q = text(|it| it.q);
    view! {
        <form method="get" action="/tasks" class="filters" role="search" on:submit=narrow>
            <label>
                <span>"State"</span>
                <select name="state" prop:value=move || state().map_or("", State::as_str)>
                    <option value="">"any"</option>
                    {states}
                </select>
            </label>
            {text_filter("kind", "Kind", text(|it| it.kind))}
            <datalist id="list-kind">{suggestions}</datalist>
            {text_filter("queue", "Queue", text(|it| it.queue))}
            {text_filter("tag", "Tag", text(|it| it.tag))}
            <label class="search">
                <span>"Search"</span>
                <input
                    type="search"
                    name="q"
                    placeholder="id, kind, tag, payload or error"
                    value=q.get_untracked()
                    prop:value=q
                />
            </label>
            <button type="submit">"Filter"</button>
        </form>
    }
    .erase()
}

fn text_filter(name: &'static str, label: &'static str, value: Signal<String>) -> AnyView {
    view! {
        <label>
            <span>{label}</span>
            <input
                type="text"
                name=name
                list=format!("list-{name}")
                autocomplete="off"
                placeholder="any"
                value=value.get_untracked()
                prop:value=value
            />
        </label>
    }
    .erase()
}
