//! The form that narrows a list of tasks down: a plain GET form, of one box that understands words
//! and of menus for those who would rather choose.

use glassworks_protocol::{Order, State};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::field::option;
use super::filled;
use super::form_data::typed_in;
use crate::list_query::{ListQuery, words};

/// The list of the kinds to choose from; whoever knows them draws it.
pub(crate) const KINDS: &str = "list-kind";

/// The filters, as the URL says them.
#[component]
pub(crate) fn Filters(list: ListQuery) -> impl IntoView {
    let navigate = use_navigate();
    // Without this the browser would load the list anew, with every field that was left empty in
    // its URL.
    let narrow = move |event: web_sys::SubmitEvent| {
        if let Ok(list) = ListQuery::from_pairs(typed_in(&event)) {
            event.prevent_default();
            navigate(&list.url(), NavigateOptions::default());
        }
    };
    let text_in_box = list.box_text();
    let notes = list.typed.as_ref().map(|(_, notes)| notes.said.join(" "));
    let until = list.narrowed.until.map(|until| until.to_string());
    let filter = &list.narrowed.filter;
    let wrong = list.typed.as_ref().map(|(_, notes)| notes.left_out);
    let narrow_by = view! {
        {state_menu(&filter.state)}
        {text("kind", "Kind", filter.kind.clone())}
        {text("queue", "Queue", filter.queue.clone())}
        {text("tag", "Tag", filter.tag.clone())}
        {since_menu(list.narrowed.since.map(|since| since.to_string()))}
        {until.map(|until| view! { <input type="hidden" name="until" value=until /> })}
        {order_menu(list.page.order.unwrap_or_default())}
    }
    .into_any();
    view! {
        <form method="get" action="/tasks" class="filters" role="search" on:submit=narrow>
            <label class="filter-q">
                <span>"Search"</span>
                <input
                    type="search"
                    name="q"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="kind:http queue:mail tag:nightly state:failed since:2h, or any text"
                    aria-describedby="search-notes"
                    aria-invalid=wrong.unwrap_or(false).then_some("true")
                    value=text_in_box.clone()
                    prop:value=text_in_box
                />
            </label>
            {narrow_by}
            <button type="submit">"Filter"</button>
            <p id="search-notes" class="search-notes" role="status">
                {filled(notes.unwrap_or_default())}
            </p>
        </form>
    }
}

/// One state, some that go together, or those that the link has asked for.
fn state_menu(chosen: &[State]) -> AnyView {
    const UNFINISHED: [State; 4] = [
        State::Scheduled,
        State::Queued,
        State::Running,
        State::Retrying,
    ];
    const OVER: [State; 3] = [State::Completed, State::Failed, State::Cancelled];
    let chosen = words(chosen);
    let mut choices: Vec<(String, String)> = State::ALL
        .into_iter()
        .map(|state| (state.as_str().to_owned(), state.as_str().to_owned()))
        .collect();
    choices.push((words(&UNFINISHED), "not over".to_owned()));
    choices.push((words(&OVER), "over".to_owned()));
    menu("state", "State", "any", choices, chosen)
}

fn since_menu(chosen: Option<String>) -> AnyView {
    let choices = [
        ("15m", "the last 15 minutes"),
        ("1h", "the last hour"),
        ("24h", "the last 24 hours"),
        ("7d", "the last 7 days"),
    ];
    let choices = choices.map(|(value, name)| (value.to_owned(), name.to_owned()));
    let chosen = chosen.unwrap_or_default();
    menu("since", "Submitted", "any time", choices.into(), chosen)
}

fn order_menu(chosen: Order) -> AnyView {
    let choices = vec![("oldest".to_owned(), "oldest first".to_owned())];
    let chosen = match chosen {
        Order::Newest => String::new(),
        Order::Oldest => "oldest".to_owned(),
    };
    menu("order", "Order", "newest first", choices, chosen)
}

/// A menu; what it does not have, but was asked for, is one more choice.
fn menu(
    name: &'static str,
    label: &'static str,
    none: &'static str,
    mut choices: Vec<(String, String)>,
    chosen: String,
) -> AnyView {
    let is_there = choices.iter().any(|(value, _)| *value == chosen);
    if !chosen.is_empty() && !is_there {
        choices.push((chosen.clone(), chosen.clone()));
    }
    let options: Vec<_> = choices
        .into_iter()
        .map(|(value, shown)| {
            let selected = value == chosen;
            option(value, shown, selected)
        })
        .collect();
    view! {
        <label>
            <span>{label}</span>
            <select name=name prop:value=chosen>
                <option value="">{none}</option>
                {options}
            </select>
        </label>
    }
    .into_any()
}

fn text(name: &'static str, label: &'static str, value: Option<String>) -> AnyView {
    let value = value.unwrap_or_default();
    let suggestions = (name == "kind").then_some(KINDS);
    view! {
        <label>
            <span>{label}</span>
            <input
                type="text"
                name=name
                list=suggestions
                autocomplete="off"
                placeholder="any"
                value=value.clone()
                prop:value=value
            />
        </label>
    }
    .into_any()
}
