//! What stands over a list: what is ticked, what can be done with it, and what waits to be shown.

use glassworks_protocol::{BulkAction, TaskCounts};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::form_data::sent_by;
use super::state_tabs::number;
use super::{Clock, LiveList, Selection, changing};
use crate::list_query::ListQuery;
use crate::query;
use crate::task_list::Waiting;

/// Where a change of many tasks is confirmed.
pub(crate) const CHANGE: &str = "/tasks/change";

/// The form around a list. It leads to a page that says what would be changed, and asks.
#[component]
pub(crate) fn BulkForm(
    list: ListQuery,
    live: LiveList,
    counts: RwSignal<Option<TaskCounts>>,
    /// `None` for who can change nothing.
    selection: Option<Selection>,
    /// The list.
    content: AnyView,
) -> impl IntoView {
    let Some(selection) = selection else {
        return view! {
            <div class="bulk-bar">{news(live)}</div>
            {content}
        }
        .into_any();
    };
    let navigate = use_navigate();
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let sent = sent_by(&event);
        let pairs = sent
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let url = format!("{CHANGE}?{}", query::encode(pairs));
        navigate(&url, NavigateOptions::default());
    };
    let meant: Vec<_> = list
        .at(None)
        .pairs()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    // What could not be read narrows nothing: nobody is to change more than was meant.
    let is_clear = list.typed.as_ref().is_none_or(|(_, notes)| !notes.left_out);
    let matching = is_clear.then(|| {
        let states = list.narrowed.filter.state.clone();
        let words = move || {
            let counts = counts
                .try_get()
                .flatten()
                .map(|counts| number(counts.of(&states)));
            counts.map_or_else(
                || "all that match".to_owned(),
                |count| format!("all {count} that match"),
            )
        };
        selection.tick_matching(words)
    });
    let chosen = move || match (selection.is_all(), selection.count()) {
        (true, _) => "all selected".to_owned(),
        (false, count) => format!("{count} selected"),
    };
    // Without scripts nobody knows what is ticked: the next page says it.
    let is_live = Memo::new(|_| Clock::now().is_some());
    let is_idle =
        move || is_live.try_get() == Some(true) && !selection.is_all() && selection.count() == 0;
    let buttons = BulkAction::ALL.map(|action| {
        let name = match action {
            BulkAction::Cancel => "Cancel",
            BulkAction::Retry => "Retry",
            BulkAction::Delete => "Delete",
        };
        let class = match action {
            BulkAction::Delete => "danger",
            _ => "",
        };
        view! {
            <button
                type="submit"
                name="action"
                value=action.as_str()
                class=class
                disabled=changing(is_idle)
            >
                {name}
            </button>
        }
    });
    view! {
        <form method="get" action=CHANGE on:submit=go>
            {meant}
            <div class="bulk-bar">
                <span class="bulk-count live-only">{changing(chosen)}</span>
                {matching}
                <span class="bulk-buttons">{buttons}</span>
                {news(live)}
            </div>
            {content}
        </form>
    }
    .into_any()
}

/// What waits until somebody asks for it, so that nothing moves under the pointer.
fn news(live: LiveList) -> AnyView {
    let show = move |_| {
        live.release();
        window().scroll_to_with_x_and_y(0.0, 0.0);
    };
    let button = move || {
        let words = live.waiting.try_with(Waiting::words).flatten();
        words.map_or_else(
            || ().into_any(),
            |words| {
                view! {
                    <button type="button" class="news" on:click=show>
                        {words}
                    </button>
                }
                .into_any()
            },
        )
    };
    view! {
        <span class="news-place" role="status" aria-label="News of this list">
            {changing(button)}
        </span>
    }
    .into_any()
}
