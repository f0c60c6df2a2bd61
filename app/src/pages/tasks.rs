//! The list of tasks: filter, page, and watch them change.

use glassworks_protocol::{TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use leptos_router::{LazyRoute, lazy_route};

use crate::access::may_submit;
use crate::components::{Filters, Page, TaskTable, changing, live_list};
use crate::functions::{TaskList, load_tasks};
use crate::list_query::ListQuery;

/// The list of tasks that the URL's query asks for.
pub(crate) struct TasksRoute;

#[lazy_route]
impl LazyRoute for TasksRoute {
    fn data() -> Self {
        Self
    }

    fn view(this: Self) -> AnyView {
        let TasksRoute = this;
        let search = use_location().search;
        view! {
            <Title text="Tasks · Glassworks" />
            <h1>"Tasks"</h1>
            <Page wanted=move || search.get() load=load_tasks show=show />
        }
        .into_any()
    }
}

fn show(query: String, data: TaskList) -> AnyView {
    let TaskList { page, kinds } = data;
    let list = ListQuery::parse(&query).unwrap_or_default();
    let filter = list.filter.clone();
    view! {
        <Filters filter kinds />
        <Rows list first=page />
    }
    .into_any()
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
        (false, _) => view! { <TaskTable rows=live.rows /> }.into_any(),
        (true, true) => nothing("No task matches. ", "/tasks", "Show all"),
        (true, false) if allowed => nothing("No tasks yet. ", "/submit", "Submit one"),
        (true, false) => nothing("No tasks yet. ", "/", "Board"),
    };
    let older = move || {
        let cursor = live.next_cursor.get();
        cursor.map_or_else(
            || ().into_any(),
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

fn nothing(words: &'static str, href: &'static str, name: &'static str) -> AnyView {
    view! {
        <p class="quiet">
            {words} <a href=href>{name}</a>
        </p>
    }
    .into_any()
}

fn page_link(list: &ListQuery, name: &'static str) -> AnyView {
    view! { <a href=list.url()>{name}</a> }.into_any()
}
