//! The form that narrows a list of tasks down: a plain GET form.

use glassworks_protocol::{State, TaskFilter};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::field::option;
use super::form_data::typed_in;
use crate::list_query::{ListQuery, words};

/// The filters, as the URL says them.
#[component]
pub(crate) fn Filters(
    filter: TaskFilter,
    /// The kinds to choose from.
    kinds: Vec<String>,
) -> impl IntoView {
    let navigate = use_navigate();
    // Without this the browser would load the list anew, with every field that was left empty in
    // its URL.
    let narrow = move |event: web_sys::SubmitEvent| {
        if let Ok(list) = ListQuery::from_pairs(typed_in(&event)) {
            event.prevent_default();
            navigate(&list.url(), NavigateOptions::default());
        }
    };
    let state = words(&filter.state);
    // A link can ask for several states; the form keeps them, as one more choice.
    let several = (filter.state.len() > 1).then(|| state.clone());
    let states: Vec<_> = State::ALL
        .into_iter()
        .map(|one| one.as_str().to_owned())
        .chain(several)
        .map(|word| option(word.clone(), word.clone(), word == state))
        .collect();
    let suggestions: Vec<_> = kinds
        .into_iter()
        .map(|kind| option(kind.clone(), kind, false))
        .collect();
    view! {
        <form method="get" action="/tasks" class="filters" role="search" on:submit=narrow>
            <label>
                <span>"State"</span>
                <select name="state" prop:value=state>
                    <option value="">"any"</option>
                    {states}
                </select>
            </label>
            {text("kind", "Kind", "any", filter.kind)}
            <datalist id="list-kind">{suggestions}</datalist>
            {text("queue", "Queue", "any", filter.queue)}
            {text("tag", "Tag", "any", filter.tag)}
            {text("q", "Search", "id, kind, tag, payload or error", filter.q)}
            <button type="submit">"Filter"</button>
        </form>
    }
}

fn text(
    name: &'static str,
    label: &'static str,
    placeholder: &'static str,
    value: Option<String>,
) -> impl IntoView {
    let value = value.unwrap_or_default();
    let sort = if name == "q" { "search" } else { "text" };
    let suggestions = (name == "kind").then_some("list-kind");
    view! {
        <label class=format!("filter-{name}")>
            <span>{label}</span>
            <input
                type=sort
                name=name
                list=suggestions
                autocomplete="off"
                placeholder=placeholder
                value=value.clone()
                prop:value=value
            />
        </label>
    }
}
