//! Which tasks of a list are ticked.

use glassworks_protocol::{TaskId, TaskSummary};
use leptos::prelude::*;

use super::changing;

/// The ticked tasks of a list. While the next page is on its way, the one before is still seen after its
/// signals have gone: so they are asked whether they are there. The boxes are plain ones with names: a form around them sends them
/// without any script.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    ticked: RwSignal<Vec<TaskId>>,
    /// Every task that matches, on whatever page.
    all: RwSignal<bool>,
}

impl Selection {
    /// Among `tasks`, those that somebody has ticked before the page was taken over.
    pub(crate) fn among(tasks: &[TaskSummary]) -> Self {
        let mut ticked = ticked_before();
        ticked.retain(|id| tasks.iter().any(|task| task.id == *id));
        Self {
            ticked: RwSignal::new(ticked),
            all: RwSignal::new(false),
        }
    }

    /// How many are ticked.
    pub(crate) fn count(self) -> usize {
        self.ticked.try_with(Vec::len).unwrap_or(0)
    }

    /// Whether all that match are meant.
    pub(crate) fn is_all(self) -> bool {
        self.all.try_get().unwrap_or(false)
    }

    /// Whether anything is chosen; for whoever asks once.
    pub(crate) fn is_anything(self) -> bool {
        let is_ticked = self.ticked.try_with_untracked(|ticked| !ticked.is_empty());
        self.all.try_get_untracked() == Some(true) || is_ticked == Some(true)
    }

    /// The box of one task.
    pub(crate) fn tick(self, id: TaskId, name: String) -> AnyView {
        let is_ticked = move || self.ticked.try_with(|ticked| ticked.contains(&id)) == Some(true);
        let change = move |event: web_sys::Event| {
            let is_ticked = event_target_checked(&event);
            self.ticked.update(|ticked| {
                ticked.retain(|other| *other != id);
                if is_ticked {
                    ticked.push(id);
                }
            });
        };
        // A row that has gone is not meant any more.
        on_cleanup(move || {
            let _ = self
                .ticked
                .try_update(|ticked| ticked.retain(|other| *other != id));
        });
        view! {
            <label class="tick-area">
                <input
                    type="checkbox"
                    name="id"
                    value=id.to_string()
                    aria-label=name
                    prop:checked=changing(is_ticked)
                    on:change=change
                />
            </label>
        }
        .into_any()
    }

    /// The box that ticks every task of the page. It needs the page to be live.
    pub(crate) fn tick_all(self, rows: RwSignal<Vec<TaskSummary>>) -> AnyView {
        let is_ticked = move || {
            let count = rows.try_with(Vec::len).unwrap_or(0);
            count > 0 && self.count() == count
        };
        let change = move |event: web_sys::Event| {
            let all = rows.with_untracked(|rows| rows.iter().map(|row| row.id).collect());
            let is_ticked = event_target_checked(&event);
            self.ticked.set(if is_ticked { all } else { Vec::new() });
        };
        view! {
            <label class="tick-area live-only">
                <input
                    type="checkbox"
                    aria-label="Select all on this page"
                    prop:checked=changing(is_ticked)
                    on:change=change
                />
            </label>
        }
        .into_any()
    }

    /// The box for all that match; `words` say how many these are.
    pub(crate) fn tick_matching(self, words: impl Fn() -> String + Send + 'static) -> AnyView {
        view! {
            <label class="tick-matching">
                <input
                    type="checkbox"
                    name="all"
                    value="1"
                    prop:checked=changing(move || self.is_all())
                    on:change=move |event| self.all.set(event_target_checked(&event))
                />
                " "
                {changing(words)}
            </label>
        }
        .into_any()
    }
}

#[cfg(feature = "ssr")]
fn ticked_before() -> Vec<TaskId> {
    Vec::new()
}

#[cfg(not(feature = "ssr"))]
fn ticked_before() -> Vec<TaskId> {
    let Ok(boxes) = document().query_selector_all(".tasks input[name=id]:checked") else {
        return Vec::new();
    };
    let value = |place| {
        use wasm_bindgen::JsCast;
        let element: web_sys::Element = boxes.item(place)?.dyn_into().ok()?;
        element.get_attribute("value")?.parse().ok()
    };
    (0..boxes.length()).filter_map(value).collect()
}
