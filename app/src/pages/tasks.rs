//! The list of tasks: filter, page, choose, and watch them change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use glassworks_protocol::{TaskCounts, TaskPage, TaskSummary};
use leptos::html::Div;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::access::may_submit;
use crate::components::{
    BulkForm, Filters, IsHeld, KINDS, Page, Selection, StateTabs, TaskTable, Watched, changing,
    keep_scroll, live_list,
};
use crate::functions::{TaskList, load_tasks};
use crate::list_query::ListQuery;

/// The list of tasks that the URL's query asks for.
pub(super) fn page() -> AnyView {
    let search = use_location().search;
    // The form follows the address and nothing else: what somebody types while tasks are on their
    // way stays as it is when these come.
    let filters = move || {
        let list = ListQuery::parse(&search.get()).unwrap_or_default();
        view! { <Filters list /> }.into_any()
    };
    view! {
        <Title text="Tasks · Glassworks" />
        <h1>"Tasks"</h1>
        {changing(filters)}
        <Page wanted=move || search.get() load=load_tasks show=show />
    }
    .into_any()
}

fn show(query: String, data: TaskList) -> AnyView {
    let TaskList {
        page,
        kinds,
        counts,
    } = data;
    let list = ListQuery::parse(&query).unwrap_or_default();
    let counts = RwSignal::new(counts);
    let kinds: Vec<_> = kinds
        .into_iter()
        .map(|kind| view! { <option value=kind></option> })
        .collect();
    view! {
        <StateTabs list=list.clone() counts />
        <datalist id=KINDS>{kinds}</datalist>
        <Rows list first=page counts />
    }
    .into_any()
}

/// One page of tasks, live.
#[component]
fn Rows(
    list: ListQuery,
    first: TaskPage<TaskSummary>,
    counts: RwSignal<Option<TaskCounts>>,
) -> impl IntoView {
    let is_oldest_first = list.page.order.is_some();
    let (start, before, after) = if is_oldest_first {
        ("Oldest", "Older", "Newer")
    } else {
        ("Newest", "Newer", "Older")
    };
    let to_start = list
        .page
        .cursor
        .is_some()
        .then(|| page_link(&list.at(None), start));
    let to_before =
        (first.previous_cursor.clone()).map(|cursor| page_link(&list.at(Some(cursor)), before));
    let stopped = first.searched_until.map(|_| {
        view! {
            <p class="quiet">
                "Looking through all of these takes long. Go on with Older, or narrow it down."
            </p>
        }
    });
    let selection = may_submit().then(|| Selection::among(&first.tasks));
    let touched = Touched::default();
    let shown: NodeRef<Div> = NodeRef::new();
    let live = live_list(
        Watched::page(&list),
        first,
        Some(touched.is_held(selection, shown)),
    );
    keep_scroll(list.url());
    let narrowed = list.is_narrowed();
    // A memo, so that the table stays the same one while its rows change.
    let empty = Memo::new(move |_| live.rows.try_with(Vec::is_empty) != Some(false));
    let allowed = may_submit();
    let table = move || match (empty.try_get() != Some(false), narrowed) {
        (false, _) => view! { <TaskTable live selection /> }.into_any(),
        (true, true) => nothing("No task matches. ", "/tasks", "Show all"),
        (true, false) if allowed => nothing("No tasks yet. ", "/submit", "Submit one"),
        (true, false) => nothing("No tasks yet. ", "/", "Board"),
    };
    let next = list.clone();
    let to_after = move || {
        let cursor = live.next_cursor.try_get().flatten();
        cursor.map_or_else(
            || ().into_any(),
            |cursor| page_link(&next.at(Some(cursor)), after),
        )
    };
    let [enter, leave, focus, blur] = touched.follow(move || live.settle());
    let content = view! {
        <div
            class="list"
            node_ref=shown
            on:pointerenter=move |_| enter()
            on:pointerleave=move |event| {
                // A finger is lifted to read on, not to go.
                if event.pointer_type() != "touch" {
                    leave();
                }
            }
            on:focusin=move |_| focus()
            on:focusout=move |_| blur()
        >
            {changing(table)}
        </div>
    }
    .into_any();
    view! {
        {stopped}
        <BulkForm list live counts selection content />
        <nav class="paging" aria-label="Pages of tasks">
            {to_start}
            {to_before}
            {changing(to_after)}
        </nav>
    }
}

/// Whether somebody is at the rows, with a pointer or with the keyboard.
#[derive(Clone, Default)]
struct Touched {
    pointer: Arc<AtomicBool>,
    focus: Arc<AtomicBool>,
}

impl Touched {
    /// The rows stay where they are while somebody points at them, has one focused or ticked, or has
    /// scrolled into them.
    fn is_held(&self, selection: Option<Selection>, shown: NodeRef<Div>) -> IsHeld {
        let Self { pointer, focus } = self.clone();
        Arc::new(move || {
            let is_touched = pointer.load(Ordering::Relaxed) || focus.load(Ordering::Relaxed);
            let is_ticked = selection.is_some_and(Selection::is_anything);
            is_touched || is_ticked || is_scrolled(shown)
        })
    }

    /// What to call when the pointer comes and goes, and the focus; `settle` is told when nobody is
    /// there any more.
    fn follow(&self, settle: impl Fn() + Clone + 'static) -> [Box<dyn Fn()>; 4] {
        let set = |flag: &Arc<AtomicBool>, value: bool| {
            let (flag, settle) = (Arc::clone(flag), settle.clone());
            let call: Box<dyn Fn()> = Box::new(move || {
                flag.store(value, Ordering::Relaxed);
                if !value {
                    // The focus may only be on its way from one row to another.
                    request_animation_frame(settle.clone());
                }
            });
            call
        };
        [
            set(&self.pointer, true),
            set(&self.pointer, false),
            set(&self.focus, true),
            set(&self.focus, false),
        ]
    }
}

/// Whether the beginning of the list is out of sight.
fn is_scrolled(shown: NodeRef<Div>) -> bool {
    let top = shown
        .get_untracked()
        .map(|list| list.get_bounding_client_rect().top());
    top.is_some_and(|top| top < 0.0)
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
