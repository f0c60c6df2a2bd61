//! The list of tasks: filter, page, and watch them change.

use glassworks_protocol::{PageRequest, Problem, TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::components::{Coming, Erase, Filters, TaskTable, awaiting, live_list, loaded};
use crate::functions::{load_kinds, load_tasks};
use crate::list_query::ListQuery;
use crate::refused::refuse;
use crate::task_list::Growth;

/// Tasks on a page.
const PAGE: u32 = 50;

/// The list of tasks that the URL's query asks for.
#[component]
pub(crate) fn TasksPage() -> AnyView {
    let search = use_location().search;
    let list = move || ListQuery::parse(&search.read());
    let filter = Signal::derive(move || list().unwrap_or_default().filter);
    let kinds = Resource::new(|| (), |()| load_kinds());
    let filters = move || -> Coming {
        Box::pin(async move {
            let kinds = kinds.await.unwrap_or_default();
            let kinds = kinds.into_iter().map(|info| info.kind).collect();
            view! { <Filters filter kinds /> }.into_inner()
        })
    };
    let page = Resource::new(
        move || search.get(),
        |search| async move {
            let list = ListQuery::parse(&search).map_err(|error| {
                let problem = Problem::new(422, "Unprocessable Content");
                refuse(problem.with_detail(error.to_string()))
            })?;
            load_tasks(
                list.filter,
                PageRequest {
                    limit: Some(PAGE),
                    ..list.page
                },
            )
            .await
        },
    );
    let rows = move || -> Coming {
        let list = list().unwrap_or_default();
        Box::pin(async move {
            loaded(page.await, |first| {
                view! { <Rows list first /> }.into_inner()
            })
        })
    };
    view! {
        <Title text="Tasks · Glassworks" />
        <h1>"Tasks"</h1>
        {awaiting(filters)}
        {awaiting(rows)}
    }
    .erase()
}

/// One page of tasks, live.
#[component]
fn Rows(list: ListQuery, first: TaskPage<TaskSummary>) -> AnyView {
    let ListQuery { filter, page } = list;
    let is_first = page.cursor.is_none();
    let growth = if is_first {
        Growth::Newest(PAGE as usize)
    } else {
        Growth::Fixed
    };
    let newest = if is_first {
        None
    } else {
        Some(ListQuery::url(&filter, None))
    };
    let narrowed = filter != TaskFilter::default();
    let page = PageRequest {
        limit: Some(PAGE),
        ..page
    };
    let live = live_list(first, filter.clone(), page, growth);
    // A memo, so that the table stays the same one while its rows change.
    let empty = Memo::new(move |_| live.rows.with(Vec::is_empty));
    let table = move || match (empty.get(), narrowed) {
        (false, _) => view! { <TaskTable rows=live.rows /> }.into_inner(),
        (true, true) => nothing("No task matches. ", "/tasks", "Show all"),
        (true, false) => nothing("No tasks yet. ", "/submit", "Submit one"),
    };
    let older = move || {
        let cursor = live.next_cursor.get()?;
        Some(page_link(ListQuery::url(&filter, Some(&cursor)), "Older"))
    };
    view! {
        {table}
        <nav class="paging" aria-label="Pages of tasks">
            {newest.map(|href| page_link(href, "Newest"))}
            {older}
        </nav>
    }
    .erase()
}

fn nothing(words: &'static str, href: &'static str, name: &'static str) -> AnyView {
    view! {
        <p class="quiet">
            {words} <a href=href>{name}</a>
        </p>
    }
    .erase()
}

fn page_link(href: String, name: &'static str) -> AnyView {
    view! { <a href=href>{name}</a> }.erase()
}
