//! The list of tasks: filter, page, and watch them change.

use glassworks_protocol::{TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::access::may_submit;
use crate::components::{Erase, Erased, Filters, Page, TaskTable, changing, live_list};
use crate::functions::{PageData, TaskList, Wanted};
use crate::list_query::ListQuery;

/// The list of tasks that the URL's query asks for.
#[component]
pub(crate) fn TasksPage() -> impl IntoView {
    let search = use_location().search;
    view! {
        <Title text="Tasks · Glassworks" />
        <h1>"Tasks"</h1>
        <Page wanted=Box::new(move || Wanted::Tasks(search.get())) show=show />
    }
}

fn show(wanted: Wanted, data: PageData) -> Option<Erased> {
    let (Wanted::Tasks(query), PageData::Tasks(data)) = (wanted, data) else {
        return None;
    };
    let TaskList { page, kinds } = data;
    let list = ListQuery::parse(&query).unwrap_or_default();
    let filter = list.filter.clone();
    let view = view! {
        <Filters filter kinds />
        <Rows list first=page />
    };
    Some(view.erase())
}

/// One page of tasks, live.
#[component]
fn Rows(list: ListQuery, first: TaskPage<TaskSummary>) -> impl IntoView {
    let newest = list
        .page
        .cursor
        .is_some()
        .then(|| page_link(&list.at(None), "Newest"));
    let newer =
        (first.previous_cursor.clone()).map(|cursor| page_link(&list.at(Some(cursor)), "Newer"));
    let stopped = first.searched_until.map(|_| {
        view! {
            <p class="quiet">
                "Looking through all of these takes long. Go on with Older, or narrow it down."
            </p>
        }
    });
    let live = live_list(&list, first);
    let narrowed = list.filter != TaskFilter::default();
    // A memo, so that the table stays the same one while its rows change.
    let empty = Memo::new(move |_| live.rows.with(Vec::is_empty));
    let allowed = may_submit();
    let table = move || match (empty.get(), narrowed) {
        (false, _) => view! { <TaskTable rows=live.rows /> }.erase(),
        (true, true) => nothing("No task matches. ", "/tasks", "Show all"),
        (true, false) if allowed => nothing("No tasks yet. ", "/submit", "Submit one"),
        (true, false) => nothing("No tasks yet. ", "/", "Board"),
    };
    let older = move || {
        let cursor = live.next_cursor.get();
        cursor.map_or_else(
            || ().erase(),
            |cursor| page_link(&list.at(Some(cursor)), "Older"),
        )
    };
    view! {
        {stopped}
        {changing(table)}
        <nav class="paging" aria-label="Pages of tasks">
            {newest}
            {newer}
            {changing(older)}
        </nav>
    }
}

fn nothing(words: &'static str, href: &'static str, name: &'static str) -> Erased {
    view! {
        <p class="quiet">
            {words} <a href=href>{name}</a>
        </p>
    }
    .erase()
}

fn page_link(list: &ListQuery, name: &'static str) -> Erased {
    view! { <a href=list.url()>{name}</a> }.erase()
}
