//! Fetches a page's code when somebody is about to go there: the pointer rests on a link, or the
//! focus does. Pages that nobody turns to cost nothing.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::LazyRoute;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlAnchorElement};

use crate::components::CHANGE;
use crate::pages::{
    BoardRoute, ChangeRoute, ExperimentRoute, LabRoute, NodesRoute, QueuesRoute, ScheduleFormRoute,
    SchedulesRoute, SubmitRoute, TaskRoute, TasksRoute, TryRoute,
};

/// Watches links from now on, on the whole page.
pub(crate) fn watch_links() {
    // They last as long as the page does.
    let _ = window_event_listener(ev::pointerover, |event| towards(&event));
    let _ = window_event_listener(ev::focusin, |event| towards(&event));
}

fn towards(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into().ok());
    let link = target.and_then(|target: web_sys::Element| target.closest("a[href]").ok()?);
    let link = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(link) = link
        && link.origin() == origin()
    {
        fetch(&link.pathname());
    }
}

fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Fetches the code of the page at `path`, unless it is there.
fn fetch(path: &str) {
    match path {
        "/" => spawn_local(BoardRoute::preload()),
        "/tasks" => spawn_local(TasksRoute::preload()),
        "/nodes" => spawn_local(NodesRoute::preload()),
        "/submit" => spawn_local(SubmitRoute::preload()),
        "/try" => spawn_local(TryRoute::preload()),
        _ if path.starts_with("/queues") => spawn_local(QueuesRoute::preload()),
        "/schedules/new" => spawn_local(ScheduleFormRoute::preload()),
        _ if path.starts_with("/schedules/") && path.ends_with("/edit") => {
            spawn_local(ScheduleFormRoute::preload());
        }
        _ if path.starts_with("/schedules") => spawn_local(SchedulesRoute::preload()),
        CHANGE => spawn_local(ChangeRoute::preload()),
        "/lab" => spawn_local(LabRoute::preload()),
        _ if path.starts_with("/lab/") => spawn_local(ExperimentRoute::preload()),
        _ if path.starts_with("/tasks/") => spawn_local(TaskRoute::preload()),
        _ => {}
    }
}
