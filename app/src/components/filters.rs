//! The form that narrows a list of tasks down: a plain GET form.

use glassworks_protocol::{State, TaskFilter};
use leptos::prelude::*;
use leptos_router::components::Form;

/// The filters, showing what the URL says.
#[component]
pub(crate) fn Filters(
    #[prop(into)] filter: Signal<TaskFilter>,
    /// The kinds to choose from.
    kinds: Vec<String>,
) -> AnyView {
    let state = Signal::derive(move || filter.with(|it| it.state.map(State::as_str)));
    let states: Vec<_> = State::ALL
        .into_iter()
        .map(|one| {
            let word = one.as_str();
            view! { <option value=word selected=move || state.get() == Some(word)>{word}</option> }
        })
        .collect();
    let suggestions: Vec<_> = kinds
        .into_iter()
        .map(|kind| view! { <option value=kind></option> })
        .collect();
    let text = move |read: fn(&TaskFilter) -> &Option<String>| {
        Signal::derive(move || filter.with(|it| read(it).clone().unwrap_or_default()))
    };
    view! {
        <Form method="get" action="/tasks" attr:class="filters" attr:role="search">
            <label>
                <span>"State"</span>
                <select name="state" prop:value=move || state.get().unwrap_or_default()>
                    <option value="">"any"</option>
                    {states}
                </select>
            </label>
            <TextFilter name="kind" label="Kind" value=text(|it| &it.kind) list="kinds" />
            <datalist id="kinds">{suggestions}</datalist>
            <TextFilter name="queue" label="Queue" value=text(|it| &it.queue) />
            <TextFilter name="tag" label="Tag" value=text(|it| &it.tag) />
            <label class="search">
                <span>"Search"</span>
                <input
                    type="search"
                    name="q"
                    placeholder="id, kind, tag, payload or error"
                    value=move || text(|it| &it.q).get()
                    prop:value=move || text(|it| &it.q).get()
                />
            </label>
            <button type="submit">"Filter"</button>
        </Form>
    }
    .into_any()
}

#[component]
fn TextFilter(
    name: &'static str,
    label: &'static str,
    value: Signal<String>,
    #[prop(optional)] list: Option<&'static str>,
) -> impl IntoView {
    view! {
        <label>
            <span>{label}</span>
            <input
                type="text"
                name=name
                list=list
                autocomplete="off"
                placeholder="any"
                value=move || value.get()
                prop:value=move || value.get()
            />
        </label>
    }
}
