//! The list of tasks: filter, page, and watch them change.

use glassworks_protocol::{Problem, TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::components::{Filters, ProblemNote, TaskTable, live_list};
use crate::functions::{load_kinds, load_tasks};
use crate::list_query::ListQuery;
use crate::refused::{Refused, refuse};
use crate::task_list::Growth;

/// Tasks on a page.
const PAGE: u32 = 50;

/// The list of tasks that the URL's query asks for.
#[component]
pub(crate) fn TasksPage() -> impl IntoView {
    let search = use_location().search;
    let list = Memo::new(move |_| ListQuery::parse(&search.read()));
    let filter = Signal::derive(move || {
        list.with(|list| {
            list.as_ref()
                .map(|list| list.filter.clone())
                .unwrap_or_default()
        })
    });
    let kinds = Resource::new(|| (), |()| load_kinds());
    let page = Resource::new(
        move || list.get(),
        |list| async {
            let mut list = list.map_err(|error| {
                refuse(Problem::new(422, "Unprocessable Content").with_detail(error.to_string()))
            })?;
            list.page.limit = Some(PAGE);
            let page = load_tasks(list.filter.clone(), list.page.clone()).await?;
            Ok::<_, Refused>((list.filter, list.page.cursor, page))
        },
    );
    view! {
        <Title text="Tasks · Glassworks" />
        <h1>"Tasks"</h1>
        <Suspense>
            {move || Suspend::new(async move {
                let kinds = kinds.await.unwrap_or_default();
                let kinds = kinds.into_iter().map(|info| info.kind).collect();
                view! { <Filters filter kinds /> }
            })}
        </Suspense>
        <Transition fallback=|| {
            view! { <p class="loading">"Loading…"</p> }
        }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((filter, cursor, first)) => view! { <Rows filter cursor first /> }.into_any(),
                    Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// One page of tasks, live.
#[component]
fn Rows(filter: TaskFilter, cursor: Option<String>, first: TaskPage<TaskSummary>) -> impl IntoView {
    let growth = if cursor.is_none() {
        Growth::Newest(PAGE as usize)
    } else {
        Growth::Fixed
    };
    let newest = cursor.is_some().then(|| ListQuery::url(&filter, None));
    let narrowed = filter != TaskFilter::default();
    let request = glassworks_protocol::PageRequest {
        limit: Some(PAGE),
        cursor,
    };
    let list = live_list(first, filter.clone(), request, growth);
    let empty = Memo::new(move |_| list.rows.with(Vec::is_empty));
    let older = move || {
        let cursor = list.next_cursor.get();
        cursor.map(|cursor| ListQuery::url(&filter, Some(&cursor)))
    };
    view! {
        <Show
            when=move || !empty.get()
            fallback=move || {
                if narrowed {
                    view! { <p class="quiet">"No task matches. " <a href="/tasks">"Show all"</a></p> }
                        .into_any()
                } else {
                    view! { <p class="quiet">"No tasks yet. " <a href="/submit">"Submit one"</a></p> }
                        .into_any()
                }
            }
        >
            <TaskTable rows=list.rows />
        </Show>
        <nav class="paging" aria-label="Pages of tasks">
            {newest.map(|href| view! { <a href=href>"Newest"</a> })}
            {move || older().map(|href| view! { <a href=href rel="next">"Older"</a> })}
        </nav>
    }
}
