//! Where somebody was in a list: Back leads to the same place of it.

use std::cell::RefCell;

use glassworks_protocol::TaskId;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::list_query::ListQuery;

/// The most places that are remembered.
const MOST: usize = 20;
/// How long after a click on a link scrolling is the router's doing, in milliseconds.
const LEAVING_MS: f64 = 1_000.0;

/// A place in a list: a task at the top of what was seen, and how far from the edge it was.
struct Place {
    url: String,
    task: Option<TaskId>,
    offset: f64,
    scrolled: f64,
}

thread_local! {
    /// The lists that were left, the latest last.
    static PLACES: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
    /// Where Back or Forward has led, until the page there has seen it.
    static CAME_BACK_TO: RefCell<Option<String>> = const { RefCell::new(None) };
    static WATCHES: RefCell<bool> = const { RefCell::new(false) };
}

/// Remembers where the list at `url` was left, and leads back there when somebody comes back to it. A
/// page that is loaded whole is the browser's to scroll. In the browser only.
pub(crate) fn keep_scroll(url: String) {
    Effect::new(move |_| {
        if !WATCHES.replace(true) {
            // It lasts as long as the document does.
            let _ = window_event_listener_untyped("popstate", |_| {
                CAME_BACK_TO.set(Some(address()));
            });
        }
        if CAME_BACK_TO.take().is_some_and(|to| to == url) {
            let url = url.clone();
            // The rows are measured once they are laid out.
            request_animation_frame(move || return_to(&url));
        }
        let left = url.clone();
        let scrolled = StoredValue::new(None::<(Option<TaskId>, f64, f64)>);
        let clicked = StoredValue::new(f64::NEG_INFINITY);
        let clicks = window_event_listener_untyped("click", move |event| {
            if is_on_link(&event) {
                let _ = clicked.try_set_value(js_sys::Date::now());
            }
        });
        // When the page is left its rows are gone already: what was last seen is noted on the way,
        // but not how the router scrolls while it leaves.
        let seen = window_event_listener_untyped("scroll", move |_| {
            let since = clicked.try_get_value().map(|at| js_sys::Date::now() - at);
            if since.is_some_and(|since| since > LEAVING_MS) {
                let _ = scrolled.try_set_value(Some(now_at()));
            }
        });
        on_cleanup(move || {
            seen.remove();
            clicks.remove();
            if let Some(Some((task, offset, scrolled))) = scrolled.try_get_value() {
                remember(Place {
                    url: left,
                    task,
                    offset,
                    scrolled,
                });
            }
        });
    });
}

fn remember(place: Place) {
    PLACES.with_borrow_mut(|places| {
        places.retain(|other| other.url != place.url);
        if places.len() == MOST {
            places.remove(0);
        }
        places.push(place);
    });
}

fn return_to(url: &str) {
    let found = PLACES.with_borrow(|places| {
        let place = places.iter().find(|place| place.url == url)?;
        let row = place.task.and_then(row_of);
        let by_row =
            row.map(|row| scrolled() + row.get_bounding_client_rect().top() - place.offset);
        Some(by_row.unwrap_or(place.scrolled))
    });
    if let Some(top) = found {
        window().scroll_to_with_x_and_y(0.0, top);
    }
}

/// The first row that is seen whole, and how far it is from the upper edge.
fn now_at() -> (Option<TaskId>, f64, f64) {
    let Ok(links) = document().query_selector_all(".tasks .task-link") else {
        return (None, 0.0, scrolled());
    };
    let links = (0..links.length()).filter_map(|place| links.item(place)?.dyn_into().ok());
    for link in links {
        let link: Element = link;
        let top = link.get_bounding_client_rect().top();
        if top >= 0.0 {
            let href = link.get_attribute("href").unwrap_or_default();
            let id = href.rsplit('/').next().and_then(|id| id.parse().ok());
            return (id, top, scrolled());
        }
    }
    (None, 0.0, scrolled())
}

fn row_of(task: TaskId) -> Option<Element> {
    let selector = format!(".tasks .task-link[href$=\"{task}\"]");
    document().query_selector(&selector).ok().flatten()
}

fn scrolled() -> f64 {
    window().scroll_y().unwrap_or(0.0)
}

fn is_on_link(event: &web_sys::Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into().ok());
    let link = target.and_then(|target: Element| target.closest("a[href]").ok()?);
    link.is_some()
}

/// The address of the document, as a list writes its own; empty where there is no list.
fn address() -> String {
    let location = window().location();
    if location.pathname().is_ok_and(|path| path == "/tasks") {
        let list = ListQuery::parse(&location.search().unwrap_or_default());
        return list.map(|list| list.url()).unwrap_or_default();
    }
    String::new()
}
